//! The red workbook, from a workbook as a county holds it to the copy that goes back.

mod fresh;
mod kept;
mod odd;
mod opened;
mod refused;
