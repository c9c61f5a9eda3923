//! A package of projects, written one after another.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use kandeng_geo::Datum;
use kandeng_platform::Platform;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::VERSION;
use super::filed::Filed;
use super::json::{object, text};
use super::project::project;
use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::project::each::each;
use crate::project::{ExportError, Filter, ProjectRow};

/// How much of a filing goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the declaration says is public, without exact positions.
    Public,
    /// Everything that the standard has a place for.
    Everything,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Everything => "everything",
        }
    }
}

/// Who publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publisher {
    /// The prefix of project identifiers that is registered for it, such as `oc4ids-bu3kcz`. Without one an identifier
    /// is the project's code alone.
    pub prefix: Option<String>,
    /// Its name.
    pub name: String,
    /// Its address.
    pub uri: Option<String>,
    /// The address of the licence.
    pub license: Option<String>,
}

impl Publisher {
    /// The identifier of the project of a code.
    pub fn id_of(&self, code: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}-{code}"),
            None => code.to_owned(),
        }
    }
}

/// Writes a package of the projects of a list, and gives how many there are. The same filings give the same bytes: the
/// package is as of the last change of any of them. `datum` is that of boundaries that name none. The standard wants at least one project: see that there is one.
///
/// # Errors
/// A fault of the read model, or of what is written to, which `path` names.
#[expect(clippy::too_many_arguments)] // what of which filings goes where
pub fn export_oc4ids(
    platform: &Platform,
    filing: &Arc<Filing>,
    key: &IdentityKey,
    filter: &Filter,
    datum: Option<Datum>,
    scope: Scope,
    publisher: &Publisher,
    path: &Path,
) -> Result<u64, ExportError> {
    let io = |error: std::io::Error| ExportError::io(path, &error);
    let file = std::fs::File::create(path).map_err(io)?;
    let to = std::cell::RefCell::new(std::io::BufWriter::new(file));
    let begin = |projects: &[ProjectRow]| {
        let as_of = projects.iter().map(|row| row.changed_at).max();
        let head = head(
            publisher,
            scope,
            filter,
            as_of.unwrap_or(Timestamp::UNIX_EPOCH),
        );
        let open = head.strip_suffix('}').unwrap_or(&head);
        write!(to.borrow_mut(), "{open},\"projects\":[").map_err(io)
    };
    let reader = Reader::of(Arc::clone(filing), key.clone(), datum);
    let mut between = "\n";
    let count = each(platform, &reader, filter, begin, |opened| {
        let filed = Filed {
            filing: reader.filing(),
            opened: &opened,
            scope,
        };
        let mut to = to.borrow_mut();
        to.write_all(between.as_bytes()).map_err(io)?;
        between = ",\n";
        serde_json::to_writer(&mut *to, &project(&filed, publisher))
            .map_err(|error| io(error.into()))
    })?;
    let mut to = to.into_inner();
    to.write_all(b"\n]}\n").map_err(io)?;
    to.flush().map_err(io)?;
    Ok(count)
}

/// The package without its projects.
fn head(publisher: &Publisher, scope: Scope, filter: &Filter, as_of: Timestamp) -> String {
    let from = object([
        ("name", Value::from(&*publisher.name)),
        ("uri", text(publisher.uri.as_deref())),
    ]);
    object([
        ("version", Value::from(VERSION)),
        ("uri", Value::from(uri(publisher, scope, filter, as_of))),
        ("publishedDate", Value::from(as_of.to_string())),
        ("publisher", from),
        ("license", text(publisher.license.as_deref())),
    ])
    .to_string()
}

/// Names the package in the world, always the same one for the same filings of the same publisher.
fn uri(publisher: &Publisher, scope: Scope, filter: &Filter, as_of: Timestamp) -> String {
    let mut hash = Sha256::new();
    let said = format!("{filter:?}");
    for part in [
        publisher.prefix.as_deref().unwrap_or_default(),
        &publisher.name,
        scope.name(),
        &said,
        &as_of.to_string(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    format!("urn:uuid:{id}")
}
