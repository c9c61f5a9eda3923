//! The red workbook, from a workbook as a county holds it to the copy that goes back.

#![allow(clippy::unwrap_used)]

mod fresh;
mod kept;
mod odd;
mod opened;
mod refused;
