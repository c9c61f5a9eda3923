//! The vault of one node: keys in a database of their own, sealed values in the node's, beside the ledger.
//!
//! What is deleted is overwritten, and a key that was deleted is gone from the WAL too before anybody is told.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::store::{Keys, SealedValue, Values, Wrap, WrappedKey, id};
use super::{Reference, VaultError, lock};

const KEYS: &str = "
create table if not exists person_keys (
    person blob primary key,
    master text not null,
    wrapped blob not null
) strict, without rowid;
create table if not exists erased_people (
    person blob primary key
) strict, without rowid;
";

const VALUES: &str = "
create table if not exists vault_values (
    reference blob primary key,
    person blob not null,
    sealed blob not null
) strict, without rowid;
create index if not exists vault_values_of_person on vault_values (person);
";

/// People's keys in a file.
pub(super) struct SqliteKeys(Mutex<Connection>);

/// Sealed values in a file.
pub(super) struct SqliteValues(Mutex<Connection>);

impl SqliteKeys {
    pub(super) fn open(path: &Path) -> Result<Self, VaultError> {
        Ok(Self(Mutex::new(open(path, KEYS)?)))
    }

    /// A new file with these keys, in one transaction, without a WAL beside it.
    pub(super) fn fill(
        path: &Path,
        keys: &[WrappedKey],
        erased: &[Uuid],
    ) -> Result<(), VaultError> {
        let mut connection = Connection::open(path)?;
        prepare(&connection, KEYS)?;
        let transaction = connection.transaction()?;
        for key in keys {
            insert(&transaction, key)?;
        }
        for person in erased {
            bury(&transaction, *person)?;
        }
        Ok(transaction.commit()?)
    }

    /// Empties a file whose vault stands elsewhere by now.
    pub(super) fn forget(path: &Path) -> Result<(), VaultError> {
        let connection = open(path, KEYS)?;
        connection.execute_batch(
            "begin immediate; delete from person_keys; delete from erased_people; commit",
        )?;
        empty_wal(&connection)
    }

    /// Whoever changes keys is the only one who does.
    fn change<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut connection = lock(&self.0);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = change(&transaction)?;
        // A crash before this line leaves all as it was.
        transaction.commit()?;
        Ok(changed)
    }
}

impl Keys for SqliteKeys {
    fn master(&self) -> Result<Option<String>, VaultError> {
        master(&lock(&self.0))
    }

    fn get(&self, person: Uuid) -> Result<Option<WrappedKey>, VaultError> {
        get(&lock(&self.0), person)
    }

    fn keep(&self, key: &WrappedKey) -> Result<WrappedKey, VaultError> {
        self.change(|transaction| {
            VaultError::unless_same(&key.master, master(transaction)?)?;
            if erased(transaction, key.person)? {
                return Err(VaultError::Erased);
            }
            if let Some(first) = get(transaction, key.person)? {
                return Ok(first);
            }
            insert(transaction, key)?;
            Ok(key.clone())
        })
    }

    fn is_erased(&self, person: Uuid) -> Result<bool, VaultError> {
        erased(&lock(&self.0), person)
    }

    fn bury(&self, people: &[Uuid]) -> Result<(), VaultError> {
        self.change(|transaction| {
            people
                .iter()
                .try_for_each(|person| bury(transaction, *person))
        })?;
        // A crash before this line leaves the keys in frames of the WAL: the next start empties it.
        empty_wal(&lock(&self.0))
    }

    fn rewrap(&self, to: &str, wrap: Wrap<'_>) -> Result<usize, VaultError> {
        let wrapped = self.change(|transaction| {
            let people = all(transaction)?;
            for key in people.iter().filter(|key| key.master != to) {
                let wrapped = wrap(key)?;
                transaction.execute(
                    "update person_keys set master = ?2, wrapped = ?3 where person = ?1",
                    params![&key.person.as_bytes()[..], to, wrapped],
                )?;
            }
            Ok(people.len())
        })?;
        empty_wal(&lock(&self.0))?;
        Ok(wrapped)
    }

    fn everything(&self) -> Result<(Vec<WrappedKey>, Vec<Uuid>), VaultError> {
        let mut connection = lock(&self.0);
        let transaction = connection.transaction()?;
        let keys = all(&transaction)?;
        let mut select = transaction.prepare("select person from erased_people")?;
        let people = select.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        let people = people
            .map(|person| id(&person?))
            .collect::<Result<_, VaultError>>()?;
        Ok((keys, people))
    }
}

impl SqliteValues {
    pub(super) fn open(path: &Path) -> Result<Self, VaultError> {
        Ok(Self(Mutex::new(open(path, VALUES)?)))
    }

    /// Takes the values out of a file whose vault stands elsewhere by now.
    pub(super) fn forget(path: &Path) -> Result<(), VaultError> {
        empty_wal(&open(path, "drop table if exists vault_values")?)
    }

    /// Whether a file holds values.
    pub(super) fn are_in(path: &Path) -> Result<bool, VaultError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(WAIT)?;
        Ok(connection.query_row(
            "select exists (select 1 from sqlite_schema where name = 'vault_values')",
            [],
            |row| row.get(0),
        )?)
    }
}

impl Values for SqliteValues {
    fn get(&self, reference: Reference) -> Result<Option<SealedValue>, VaultError> {
        lock(&self.0)
            .prepare_cached(
                "select reference, person, sealed from vault_values where reference = ?1",
            )?
            .query_row([&reference.0.as_bytes()[..]], columns)
            .optional()?
            .map(value)
            .transpose()
    }

    fn put(&self, values: &[SealedValue]) -> Result<(), VaultError> {
        let mut connection = lock(&self.0);
        let transaction = connection.transaction()?;
        for value in values {
            transaction
                .prepare_cached(
                    "insert into vault_values (reference, person, sealed) values (?1, ?2, ?3) \
                     on conflict do nothing",
                )?
                .execute(params![
                    &value.reference.0.as_bytes()[..],
                    &value.person.as_bytes()[..],
                    value.sealed
                ])?;
        }
        Ok(transaction.commit()?)
    }

    fn remove(&self, reference: Reference) -> Result<(), VaultError> {
        lock(&self.0).execute(
            "delete from vault_values where reference = ?1",
            [&reference.0.as_bytes()[..]],
        )?;
        Ok(())
    }

    fn remove_of(&self, people: &[Uuid]) -> Result<(), VaultError> {
        let mut connection = lock(&self.0);
        let transaction = connection.transaction()?;
        for person in people {
            transaction
                .prepare_cached("delete from vault_values where person = ?1")?
                .execute([&person.as_bytes()[..]])?;
        }
        Ok(transaction.commit()?)
    }

    fn page(&self, after: Option<Reference>, limit: usize) -> Result<Vec<SealedValue>, VaultError> {
        let connection = lock(&self.0);
        let mut select = connection.prepare_cached(
            "select reference, person, sealed from vault_values where reference > ?1 \
             order by reference limit ?2",
        )?;
        // Nothing is before the empty text of bytes.
        let after = after.map_or_else(Vec::new, |after| after.0.as_bytes().to_vec());
        let rows = select.query_map(params![after, limit as i64], columns)?;
        rows.map(|row| value(row?)).collect()
    }
}

/// How long one program waits for another.
const WAIT: Duration = Duration::from_secs(10);

/// A file that any number read while one writes.
fn open(path: &Path, tables: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(WAIT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    prepare(&connection, tables)?;
    Ok(connection)
}

fn prepare(connection: &Connection, tables: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "full")?;
    // What is deleted is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch(tables)
}

fn master(connection: &Connection) -> Result<Option<String>, VaultError> {
    Ok(connection
        .prepare_cached("select master from person_keys limit 1")?
        .query_row([], |row| row.get(0))
        .optional()?)
}

fn insert(transaction: &Transaction<'_>, key: &WrappedKey) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("insert into person_keys (person, master, wrapped) values (?1, ?2, ?3)")?
        .execute(params![&key.person.as_bytes()[..], key.master, key.wrapped])?;
    Ok(())
}

fn bury(transaction: &Transaction<'_>, person: Uuid) -> Result<(), VaultError> {
    let person = &person.as_bytes()[..];
    transaction
        .prepare_cached("insert into erased_people (person) values (?1) on conflict do nothing")?
        .execute([person])?;
    transaction
        .prepare_cached("delete from person_keys where person = ?1")?
        .execute([person])?;
    Ok(())
}

fn erased(connection: &Connection, person: Uuid) -> Result<bool, VaultError> {
    Ok(connection
        .prepare_cached("select exists (select 1 from erased_people where person = ?1)")?
        .query_row([&person.as_bytes()[..]], |row| row.get(0))?)
}

fn get(connection: &Connection, person: Uuid) -> Result<Option<WrappedKey>, VaultError> {
    Ok(connection
        .prepare_cached("select master, wrapped from person_keys where person = ?1")?
        .query_row([&person.as_bytes()[..]], |row| {
            Ok(WrappedKey {
                person,
                master: row.get(0)?,
                wrapped: row.get(1)?,
            })
        })
        .optional()?)
}

fn all(transaction: &Transaction<'_>) -> Result<Vec<WrappedKey>, VaultError> {
    let mut select = transaction.prepare("select person, master, wrapped from person_keys")?;
    let rows = select.query_map([], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?))
    })?;
    rows.map(|row| {
        let (person, master, wrapped) = row?;
        Ok(WrappedKey {
            person: id(&person)?,
            master,
            wrapped,
        })
    })
    .collect()
}

fn columns(row: &Row<'_>) -> rusqlite::Result<[Vec<u8>; 3]> {
    Ok([row.get(0)?, row.get(1)?, row.get(2)?])
}

fn value([reference, person, sealed]: [Vec<u8>; 3]) -> Result<SealedValue, VaultError> {
    Ok(SealedValue {
        reference: Reference(id(&reference)?),
        person: id(&person)?,
        sealed,
    })
}

/// Moves everything out of the WAL and empties it.
fn empty_wal(connection: &Connection) -> Result<(), VaultError> {
    let busy: bool =
        connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
    if busy {
        return Err(VaultError::Lingers);
    }
    Ok(())
}
