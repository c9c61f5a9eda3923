//! Projects through ledger and read model: filed, changed, vouched for, imported, exported, screened.

#![allow(clippy::unwrap_used)]

mod adding;
mod county;
mod events;
mod export;
mod files;
mod filing;
mod import;
mod kept;
mod kept_plans;
mod killed;
mod measure;
mod oc4ids;
mod packages;
mod rebuild;
mod support;
mod vouching;
