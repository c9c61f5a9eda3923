//! The vault: personal values, each person's under a key of its own. Without the key nobody reads them, here
//! or in any backup; destroying the key is how a person is forgotten.
//!
//! Keys stand in a database of their own, wrapped by the master key; sealed values stand beside the ledger,
//! whose events hold references only. Opening a value is an event with its reason
//! ([`crate::Platform::open_value`]), so nothing here opens one by itself.

#[cfg(test)]
mod attack_tests;
mod master;
mod seal;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub use master::MasterKey;

/// A vault that cannot do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The master key is not the one that the keys are wrapped by.
    #[error("the master key {ours} is not the one that the vault was closed with ({theirs})")]
    WrongMaster {
        /// The id of the key at hand.
        ours: String,
        /// The id of the key that is needed.
        theirs: String,
    },
    /// The master key is malformed or cannot be read.
    #[error("the master key: {0}")]
    Master(String),
    /// What is stored is not what was sealed.
    #[error("a sealed value was changed")]
    Changed,
    /// The value is too long.
    #[error("a personal value has {0} bytes; at most {MAX_VALUE} fit")]
    TooLarge(usize),
    /// The machine gives no randomness.
    #[error("no randomness: {0}")]
    Randomness(String),
    /// The database failed.
    #[error("the vault's database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// The most bytes of one personal value.
pub const MAX_VALUE: usize = 64 * 1024;

/// Where a personal value stands: what events hold instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference(pub Uuid);

const KEYS: &str = "
create table if not exists person_keys (
    person blob primary key,
    master text not null,
    wrapped blob not null
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

/// Personal values of one node.
pub struct Vault {
    keys: Mutex<Connection>,
    values: Mutex<Connection>,
    master: Mutex<MasterKey>,
}

impl Vault {
    /// Opens the vault: keys in `keys`, sealed values in `database`, which is the node's.
    ///
    /// # Errors
    /// [`VaultError::WrongMaster`] when another master key wrapped what is there.
    pub fn open(keys: &Path, database: &Path, master: MasterKey) -> Result<Self, VaultError> {
        let keys = Connection::open(keys)?;
        let values = Connection::open(database)?;
        for connection in [&keys, &values] {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            // What is deleted is overwritten, not only unlinked.
            connection.pragma_update(None, "secure_delete", true)?;
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
        }
        keys.execute_batch(KEYS)?;
        values.execute_batch(VALUES)?;
        let other: Option<String> = keys
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
            keys: Mutex::new(keys),
            values: Mutex::new(values),
            master: Mutex::new(master),
        })
    }

    /// Seals a value of a person, whose key is made with the first of them.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`], or when the database fails.
    pub fn store(&self, person: Uuid, value: &str) -> Result<Reference, VaultError> {
        if value.len() > MAX_VALUE {
            return Err(VaultError::TooLarge(value.len()));
        }
        let key = match self.key_of(person)? {
            Some(key) => key,
            None => self.make_key(person)?,
        };
        let reference = Uuid::new_v4();
        let bound = bound_to(person, reference);
        let sealed = seal::seal(&key, &bound, value.as_bytes())?;
        // A crash before this line leaves a key without values: the next value uses it.
        lock(&self.values).execute(
            "insert into vault_values (reference, person, sealed) values (?1, ?2, ?3)",
            params![&reference.as_bytes()[..], &person.as_bytes()[..], sealed],
        )?;
        Ok(Reference(reference))
    }

    /// The value, and whose it is; nothing when it or its person was erased.
    pub(crate) fn read(&self, reference: Reference) -> Result<Option<(Uuid, String)>, VaultError> {
        let found: Option<(Vec<u8>, Vec<u8>)> = lock(&self.values)
            .prepare_cached("select person, sealed from vault_values where reference = ?1")?
            .query_row([&reference.0.as_bytes()[..]], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((person, sealed)) = found else {
            return Ok(None);
        };
        let person = Uuid::from_slice(&person).map_err(|_| VaultError::Changed)?;
        let Some(key) = self.key_of(person)? else {
            return Ok(None);
        };
        let bytes = seal::open(&key, &bound_to(person, reference.0), &sealed)?;
        let value = String::from_utf8(bytes).map_err(|_| VaultError::Changed)?;
        Ok(Some((person, value)))
    }

    /// Destroys the person's key, and with it everything that was ever sealed by it, in every copy. That a
    /// person was erased is an event first ([`crate::Platform::erase_person`]).
    ///
    /// # Errors
    /// When the database fails; then nothing is destroyed.
    pub(crate) fn destroy(&self, person: Uuid) -> Result<(), VaultError> {
        let keys = lock(&self.keys);
        keys.execute(
            "delete from person_keys where person = ?1",
            [&person.as_bytes()[..]],
        )?;
        // The key may still stand in frames of the WAL: empty it.
        empty_wal(&keys)?;
        let values = lock(&self.values);
        values.execute(
            "delete from vault_values where person = ?1",
            [&person.as_bytes()[..]],
        )?;
        Ok(())
    }

    /// Wraps every person's key by another master key. No value and no event is touched.
    ///
    /// # Errors
    /// When the database fails; then all keys are wrapped as before.
    pub fn rotate(&self, to: MasterKey) -> Result<usize, VaultError> {
        let mut master = lock(&self.master);
        let mut keys = lock(&self.keys);
        // A crash before the commit leaves every key under the old master.
        let transaction = keys.transaction()?;
        let people: Vec<(Vec<u8>, Vec<u8>)> = transaction
            .prepare("select person, wrapped from person_keys")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (person, wrapped) in &people {
            let key = seal::open(master.bytes(), person, wrapped)?;
            let wrapped = seal::seal(to.bytes(), person, &key)?;
            transaction.execute(
                "update person_keys set master = ?2, wrapped = ?3 where person = ?1",
                params![person, to.id(), wrapped],
            )?;
        }
        transaction.commit()?;
        empty_wal(&keys)?;
        *master = to;
        Ok(people.len())
    }

    fn key_of(&self, person: Uuid) -> Result<Option<[u8; 32]>, VaultError> {
        let wrapped: Option<Vec<u8>> = lock(&self.keys)
            .prepare_cached("select wrapped from person_keys where person = ?1")?
            .query_row([&person.as_bytes()[..]], |row| row.get(0))
            .optional()?;
        let Some(wrapped) = wrapped else {
            return Ok(None);
        };
        let key = seal::open(lock(&self.master).bytes(), person.as_bytes(), &wrapped)?;
        key.try_into().map(Some).map_err(|_| VaultError::Changed)
    }

    fn make_key(&self, person: Uuid) -> Result<[u8; 32], VaultError> {
        let key = seal::random::<32>()?;
        let (id, wrapped) = {
            let master = lock(&self.master);
            let wrapped = seal::seal(master.bytes(), person.as_bytes(), &key)?;
            (master.id().to_owned(), wrapped)
        };
        lock(&self.keys).execute(
            "insert into person_keys (person, master, wrapped) values (?1, ?2, ?3) \
             on conflict do nothing",
            params![&person.as_bytes()[..], id, wrapped],
        )?;
        // Somebody else may have been first: theirs is the key.
        self.key_of(person)?.ok_or(VaultError::Changed)
    }
}

/// 32 random bytes.
pub(crate) fn random_key() -> Result<[u8; 32], VaultError> {
    seal::random()
}

/// A sealed value opens only in its own place: nobody can pass one person's value off as another's.
fn bound_to(person: Uuid, reference: Uuid) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(person.as_bytes());
    bytes[16..].copy_from_slice(reference.as_bytes());
    bytes
}

fn empty_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a connection or a key half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
