//! Filings as people send them, read into tables: each file holds the cases of one concern.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

mod bad_input;
mod book;
mod declaration;
mod files;
mod headers;
mod identities;
mod kinds;
mod on_disk;
mod pictures;
mod values;
