//! Projects through ledger and read model: filed, changed, vouched for, imported, exported, screened.

#![allow(clippy::unwrap_used)]

mod adding;
mod county;
mod events;
mod export;
mod filing;
mod import;
mod kept;
mod killed;
mod measure;
mod oc4ids;
mod rebuild;
mod support;
mod vouching;
