//! People's keys, wrapped by the master key, in a database of their own; and who was erased, for good.
//!
//! An erased person gets no key again: that they were erased and that their key is gone is one transaction, and
//! a key is made in a transaction that has looked.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{MasterKey, VaultError, lock, seal};

const TABLES: &str = "
create table if not exists person_keys (
    person blob primary key,
    master text not null,
    wrapped blob not null
) strict, without rowid;
create table if not exists erased_people (
    person blob primary key
) strict, without rowid;
";

/// Keys of one vault. The master is taken before the connection wherever both are.
pub(super) struct Keys {
    master: Mutex<MasterKey>,
    connection: Mutex<Connection>,
}

/// A wrapped key as it stands in the database and in a backup.
pub(super) struct WrappedKey {
    pub person: Uuid,
    pub master: String,
    pub wrapped: Vec<u8>,
}

/// Makes the tables in a database of keys.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // What is deleted is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch(TABLES)
}

impl Keys {
    pub(super) fn open(path: &Path, master: MasterKey) -> Result<Self, VaultError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        prepare(&connection)?;
        let other: Option<String> = connection
            .query_row(
                "select master from person_keys where master <> ?1 limit 1",
                [master.id()],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(theirs) = other {
            return Err(VaultError::WrongMaster {
                ours: master.id().to_owned(),
                theirs,
            });
        }
        Ok(Self {
            master: Mutex::new(master),
            connection: Mutex::new(connection),
        })
    }

    /// The person's key; nothing when there is none, or none any more.
    pub(super) fn get(&self, person: Uuid) -> Result<Option<[u8; 32]>, VaultError> {
        let master = lock(&self.master);
        let connection = lock(&self.connection);
        unwrap(&connection, &master, person)
    }

    /// The person's key, made when there is none yet.
    pub(super) fn get_or_make(&self, person: Uuid) -> Result<[u8; 32], VaultError> {
        let master = lock(&self.master);
        let mut connection = lock(&self.connection);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // From here to the commit nobody erases, in this program or another.
        if erased(&transaction, person)? {
            return Err(VaultError::Erased);
        }
        if let Some(key) = unwrap(&transaction, &master, person)? {
            return Ok(key);
        }
        let key = seal::random::<32>()?;
        let wrapped = seal::seal(master.bytes(), person.as_bytes(), &key)?;
        transaction.execute(
            "insert into person_keys (person, master, wrapped) values (?1, ?2, ?3)",
            params![&person.as_bytes()[..], master.id(), wrapped],
        )?;
        // A crash before this line leaves no key, and nothing sealed by it.
        transaction.commit()?;
        Ok(key)
    }

    pub(super) fn is_erased(&self, person: Uuid) -> Result<bool, VaultError> {
        Ok(erased(&lock(&self.connection), person)?)
    }

    /// Destroys the keys of people and keeps in mind that they were erased.
    pub(super) fn destroy(&self, people: &[Uuid]) -> Result<(), VaultError> {
        let mut connection = lock(&self.connection);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for person in people {
            bury(&transaction, *person)?;
        }
        // A crash before this line leaves all as it was: the ledger says that they were erased, and the next
        // start does this again.
        transaction.commit()?;
        // A crash before this line leaves the keys in frames of the WAL: the next start empties it.
        empty_wal(&connection)
    }

    pub(super) fn rotate(&self, to: MasterKey) -> Result<usize, VaultError> {
        let mut master = lock(&self.master);
        let mut connection = lock(&self.connection);
        // A crash before the commit leaves every key under the old master.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let people = all(&transaction)?;
        for key in &people {
            let person = key.person.as_bytes();
            let opened = seal::open(master.bytes(), person, &key.wrapped)?;
            let wrapped = seal::seal(to.bytes(), person, &opened)?;
            transaction.execute(
                "update person_keys set master = ?2, wrapped = ?3 where person = ?1",
                params![&person[..], to.id(), wrapped],
            )?;
        }
        transaction.commit()?;
        empty_wal(&connection)?;
        *master = to;
        Ok(people.len())
    }

    /// Everything, for a backup: wrapped keys, and who was erased.
    pub(super) fn everything(&self) -> Result<(Vec<WrappedKey>, Vec<Uuid>), VaultError> {
        let mut connection = lock(&self.connection);
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

fn bury(connection: &Connection, person: Uuid) -> rusqlite::Result<()> {
    let person = &person.as_bytes()[..];
    connection
        .prepare_cached("insert into erased_people (person) values (?1) on conflict do nothing")?
        .execute([person])?;
    connection
        .prepare_cached("delete from person_keys where person = ?1")?
        .execute([person])?;
    Ok(())
}

fn erased(connection: &Connection, person: Uuid) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("select exists (select 1 from erased_people where person = ?1)")?
        .query_row([&person.as_bytes()[..]], |row| row.get(0))
}

fn unwrap(
    connection: &Connection,
    master: &MasterKey,
    person: Uuid,
) -> Result<Option<[u8; 32]>, VaultError> {
    let wrapped: Option<Vec<u8>> = connection
        .prepare_cached("select wrapped from person_keys where person = ?1")?
        .query_row([&person.as_bytes()[..]], |row| row.get(0))
        .optional()?;
    let Some(wrapped) = wrapped else {
        return Ok(None);
    };
    let key = seal::open(master.bytes(), person.as_bytes(), &wrapped)?;
    key.try_into().map(Some).map_err(|_| VaultError::Changed)
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

fn id(bytes: &[u8]) -> Result<Uuid, VaultError> {
    Uuid::from_slice(bytes).map_err(|_| VaultError::Changed)
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
