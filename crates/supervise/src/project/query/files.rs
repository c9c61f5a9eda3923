//! Files that are kept for projects.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::project::files::KeptFile;

/// The files of a project by their names.
pub(in crate::project) fn files_of(
    of: &Connection,
    project: i64,
) -> rusqlite::Result<BTreeMap<String, KeptFile>> {
    of.prepare_cached("select name, about from project_files where project = ?1")?
        .query_map([project], |row| {
            Ok((row.get(0)?, about(&row.get::<_, String>(1)?)?))
        })?
        .collect()
}

/// A file of a project by its hash, whether or not the filing names it still; nothing where it was never one of its.
///
/// # Errors
/// When the database fails.
pub fn file_of(of: &Connection, id: Uuid, sha256: &str) -> rusqlite::Result<Option<KeptFile>> {
    let found: Option<String> = of
        .prepare_cached(
            "select f.about from project_files f join projects p using (project) \
             where f.sha256 = ?1 and p.id = ?2 order by f.name limit 1",
        )?
        .query_row([sha256, &id.to_string()], |row| row.get(0))
        .optional()?;
    found.map(|found| about(&found)).transpose()
}

/// Whether any project has a file of that hash.
///
/// # Errors
/// When the database fails.
pub fn is_kept(of: &Connection, sha256: &str) -> rusqlite::Result<bool> {
    of.prepare_cached("select exists (select 1 from project_files where sha256 = ?1)")?
        .query_row([sha256], |row| row.get(0))
}

/// Files that were erased for good and that no project keeps.
///
/// # Errors
/// When the database fails.
pub(crate) fn erased_files(of: &Connection) -> rusqlite::Result<Vec<String>> {
    of.prepare_cached(
        "select distinct sha256 from erased_files e where not exists \
         (select 1 from project_files f where f.sha256 = e.sha256)",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}

fn about(json: &str) -> rusqlite::Result<KeptFile> {
    // Cannot fail: the projection wrote it.
    serde_json::from_str(json).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
    })
}
