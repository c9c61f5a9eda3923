//! The versions of the declaration as the read model holds them.

use std::sync::Arc;

use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate, Tables};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use super::{Declaration, DeclarationEvent};
use crate::filing::Filing;
use crate::import::hex;

/// The table `declarations`.
pub struct DeclarationTables;

impl Tables for DeclarationTables {
    fn name(&self) -> &'static str {
        "declarations"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["declarations"]
    }

    fn create(&self) -> &'static str {
        "create table declarations (
            version integer primary key,
            text text not null, -- TOML
            sha256 text not null,
            actor text not null,
            at integer not null -- milliseconds since 1970
        ) strict;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Declaration::event_in(event)? else {
            return Ok(());
        };
        let mut declaration = Declaration::default();
        if let DeclarationEvent::DeclarationChanged { version, .. } = &read {
            declaration.version = version - 1;
            declaration.text = text(to, version - 1).map_err(|error| error.to_string())?;
        }
        declaration.apply(read);
        to.prepare_cached("insert into declarations values (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut insert| {
                insert.execute(params![
                    declaration.version,
                    declaration.text,
                    hex(&Sha256::digest(declaration.text.as_bytes())),
                    envelope.actor.to_string(),
                    envelope.at.as_millisecond()
                ])
            })
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

fn text(of: &Connection, version: u32) -> rusqlite::Result<String> {
    of.prepare_cached("select text from declarations where version = ?1")?
        .query_row([version], |row| row.get(0))
}

/// A version of the declaration.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its number.
    pub version: u32,
    /// What it declares.
    pub filing: Arc<Filing>,
}

/// The newest version; nothing while none was adopted. Reading it takes a few milliseconds: whoever serves pages
/// keeps it.
///
/// # Errors
/// When the database fails.
pub fn newest(of: &Connection) -> rusqlite::Result<Option<Declared>> {
    let newest: Option<u32> = of.query_row("select max(version) from declarations", [], |row| {
        row.get(0)
    })?;
    newest.map_or(Ok(None), |number| version(of, number))
}

/// A version by its number.
///
/// # Errors
/// When the database fails.
pub fn version(of: &Connection, version: u32) -> rusqlite::Result<Option<Declared>> {
    let text = text(of, version).optional()?;
    // Cannot fail to load: it was loaded when it was decided.
    let filing = text.and_then(|text| Filing::load(&text).ok());
    Ok(filing.map(|filing| Declared {
        version,
        filing: Arc::new(filing),
    }))
}

/// What tells two texts of one version apart: a version that was not appended after all may come again.
pub(in crate::project) fn digest(of: &Connection, version: u32) -> rusqlite::Result<String> {
    of.prepare_cached("select sha256 from declarations where version = ?1")?
        .query_row([version], |row| row.get(0))
}
