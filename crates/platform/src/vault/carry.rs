//! A vault carried from one place to another: into PostgreSQL when a node moves there, into a backup, and back.

use std::path::Path;

use kandeng_ledger::store::postgres::Address;
use uuid::Uuid;

use super::postgres::PostgresValues;
use super::sqlite::{SqliteKeys, SqliteValues};
use super::store::Values;
use super::{SealedValue, Vault, VaultError, backup, lock, unwrap};

/// Values that are copied at once: at most 64 MiB.
const PAGE: usize = 1_000;

impl Vault {
    /// Takes everything that another vault has: who was erased first, then keys, then values. What is here
    /// already stays, so that whoever broke off begins again.
    ///
    /// # Errors
    /// [`VaultError::WrongMaster`] when the two are closed by different keys; [`VaultError::Foreign`] when a
    /// person has another key here.
    pub(crate) fn take_from(&self, other: &Self) -> Result<u64, VaultError> {
        let (keys, erased) = other.keys.everything()?;
        self.destroy(&erased)?;
        let master = lock(&self.master);
        for theirs in keys {
            match self.keys.keep(&theirs) {
                Ok(ours) if ours == theirs => {}
                Ok(ours) if unwrap(&master, &ours)? == unwrap(&master, &theirs)? => {}
                Ok(_) => return Err(VaultError::Foreign),
                // Erased here since: that is the newer word.
                Err(VaultError::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        drop(master);
        let copied = copy(other.values.as_ref(), self.values.as_ref())?;
        let (_, erased) = self.keys.everything()?;
        self.values.remove_of(&erased)?;
        Ok(copied)
    }

    /// Sealed values of people whose keys are not here: nobody opens them.
    pub(crate) fn sealed_for_good(&self) -> Result<u64, VaultError> {
        let (keys, _) = self.keys.everything()?;
        let people: std::collections::HashSet<Uuid> = keys.iter().map(|key| key.person).collect();
        let mut sealed = 0;
        for_each_page(self.values.as_ref(), &mut |page| {
            let shut = page.iter().filter(|value| !people.contains(&value.person));
            sealed += shut.count() as u64;
            Ok(())
        })?;
        Ok(sealed)
    }

    /// Writes the keys, and who was erased, to a new file of keys.
    pub(crate) fn write_keys(&self, path: &Path) -> Result<(), VaultError> {
        let (keys, erased) = self.keys.everything()?;
        backup::write_keys(path, &keys, &erased)
    }
}

/// Copies sealed values that stand beside a ledger on a server into the file of a node.
pub(crate) fn values_to_file(from: Address, to: &Path) -> Result<u64, VaultError> {
    copy(&PostgresValues::open(from)?, &SqliteValues::open(to)?)
}

/// Copies sealed values from one file to another.
pub(crate) fn values_between_files(from: &Path, to: &Path) -> Result<u64, VaultError> {
    copy(&SqliteValues::open(from)?, &SqliteValues::open(to)?)
}

/// Whether a node's files hold a vault, or what is left of one.
pub(crate) fn is_in_files(keys: &Path, database: &Path) -> Result<bool, VaultError> {
    Ok(keys.exists() || SqliteValues::are_in(database)?)
}

/// Takes a vault that was carried elsewhere out of a node's files, overwritten: whoever is erased there must not
/// stand here still. A crash within leaves a part, and the next start goes on.
pub(crate) fn forget_files(keys: &Path, database: &Path) -> Result<(), VaultError> {
    SqliteValues::forget(database)?;
    if keys.exists() {
        SqliteKeys::forget(keys)?;
        backup::remove_database(keys)?;
    }
    Ok(())
}

fn copy(from: &dyn Values, to: &dyn Values) -> Result<u64, VaultError> {
    let mut copied = 0;
    for_each_page(from, &mut |page| {
        to.put(page)?;
        copied += page.len() as u64;
        Ok(())
    })?;
    Ok(copied)
}

fn for_each_page(
    of: &dyn Values,
    each: &mut dyn FnMut(&[SealedValue]) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let mut last = None;
    loop {
        let page = of.page(last, PAGE)?;
        let Some(end) = page.last() else {
            return Ok(());
        };
        last = Some(end.reference);
        each(&page)?;
    }
}
