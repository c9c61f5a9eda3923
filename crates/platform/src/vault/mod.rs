//! The vault: personal values, each person's under a key of its own. Without the key nobody reads them, here
//! or in any backup; destroying the key is how a person is forgotten.
//!
//! Keys stand in a database of their own, wrapped by the master key; sealed values stand beside the ledger,
//! whose events hold references only. Opening a value is an event with its reason
//! ([`crate::Platform::open_value`]), so nothing here opens one by itself. A vault that was just opened gives
//! nothing until the erasures of the ledger were replayed on it ([`crate::Platform::replay_erasures`]).

#[cfg(test)]
mod attack_tests;
pub mod backup;
mod keys;
mod master;
#[cfg(test)]
mod race_tests;
mod seal;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub use backup::{KeyBackup, KeyBackups};
pub use master::MasterKey;

use crate::context::Text;
use keys::Keys;

/// A vault that cannot do what it is asked to.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum VaultError {
    /// The master key is not the one that the keys are wrapped by.
    WrongMaster {
        /// The id of the key at hand.
        ours: String,
        /// The id of the key that is needed.
        theirs: String,
    },
    /// The master key is malformed or cannot be read.
    Master(String),
    /// What is stored is not what was sealed.
    Changed,
    /// The value is too long.
    TooLarge(usize),
    /// The person was erased, and stays so.
    Erased,
    /// The ledger's erasures were not replayed since the vault was opened.
    NotReplayed,
    /// A key was deleted, and another program keeps the WAL that it may still stand in. Erase again.
    Lingers,
    /// A backup of the keys has lapsed: the key that it was wrapped by is destroyed.
    Lapsed {
        /// When it lapsed, or would have.
        at: Timestamp,
    },
    /// A backup of the keys cannot be made or restored so.
    Backup(Text),
    /// The machine gives no randomness.
    Randomness(String),
    /// The database failed.
    Database(#[from] rusqlite::Error),
}

impl VaultError {
    /// The same for people, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::WrongMaster { ours, theirs } => Text::new(
                format!("主密钥 {ours} 不是封存所用的 {theirs}"),
                format!(
                    "the master key {ours} is not the one that the vault was closed with ({theirs})"
                ),
            ),
            Self::Master(problem) => Text::new(
                format!("主密钥:{problem}"),
                format!("the master key: {problem}"),
            ),
            Self::Changed => Text::new("封存的内容被改动过", "a sealed value was changed"),
            Self::TooLarge(bytes) => Text::new(
                format!("个人信息有 {bytes} 字节,最多 {MAX_VALUE}"),
                format!("a personal value has {bytes} bytes; at most {MAX_VALUE} fit"),
            ),
            Self::Erased => Text::new("此人的资料已删除", "this person's data have been erased"),
            Self::NotReplayed => Text::new(
                "尚未按账本重做删除,保险库不开放",
                "the ledger's erasures have not been replayed, so the vault stays shut",
            ),
            Self::Lingers => Text::new(
                "密钥已删,但另有程序正在读密钥库,请关闭后再次删除",
                "the key is deleted, but another program is reading the keys' database; close it and erase again",
            ),
            Self::Lapsed { at } => Text::new(
                format!("密钥备份已于 {at} 到期,不能恢复"),
                format!("the backup of the keys lapsed at {at} and cannot be restored"),
            ),
            Self::Backup(text) => text.clone(),
            Self::Randomness(problem) => Text::new(
                format!("取不到随机数:{problem}"),
                format!("no randomness: {problem}"),
            ),
            Self::Database(error) => Text::new(
                format!("保险库的数据库:{error}"),
                format!("the vault's database: {error}"),
            ),
        }
    }
}

/// The most bytes of one personal value.
pub const MAX_VALUE: usize = 64 * 1024;

/// Where a personal value stands: what events hold instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference(pub Uuid);

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
    keys: Keys,
    values: Mutex<Connection>,
    replayed: AtomicBool,
}

impl Vault {
    /// Opens the vault: keys in `keys`, sealed values in `database`, which is the node's. It stays shut until
    /// the erasures were replayed; [`crate::Platform::open_vault`] does both.
    ///
    /// # Errors
    /// [`VaultError::WrongMaster`] when another master key wrapped what is there.
    pub fn open(keys: &Path, database: &Path, master: MasterKey) -> Result<Self, VaultError> {
        let keys = Keys::open(keys, master)?;
        let values = Connection::open(database)?;
        values.pragma_update(None, "journal_mode", "wal")?;
        values.pragma_update(None, "synchronous", "full")?;
        values.pragma_update(None, "secure_delete", true)?;
        values.busy_timeout(std::time::Duration::from_secs(10))?;
        values.execute_batch(VALUES)?;
        Ok(Self {
            keys,
            values: Mutex::new(values),
            replayed: AtomicBool::new(false),
        })
    }

    /// Seals a value of a person, whose key is made with the first of them.
    ///
    /// # Errors
    /// [`VaultError::Erased`] when the person was erased, also meanwhile; [`VaultError::TooLarge`]; or when
    /// the database fails.
    pub fn store(&self, person: Uuid, value: &str) -> Result<Reference, VaultError> {
        self.store_in_steps(person, value, &mut || {})
    }

    /// [`Vault::store`], with a pause between its steps.
    fn store_in_steps(
        &self,
        person: Uuid,
        value: &str,
        pause: &mut dyn FnMut(),
    ) -> Result<Reference, VaultError> {
        self.must_be_open()?;
        if value.len() > MAX_VALUE {
            return Err(VaultError::TooLarge(value.len()));
        }
        let key = self.keys.get_or_make(person)?;
        pause();
        let reference = Uuid::new_v4();
        let bound = bound_to(person, reference);
        let sealed = seal::seal(&key, &bound, value.as_bytes())?;
        // A crash before this line leaves a key without values: the next value uses it.
        lock(&self.values).execute(
            "insert into vault_values (reference, person, sealed) values (?1, ?2, ?3)",
            params![&reference.as_bytes()[..], &person.as_bytes()[..], sealed],
        )?;
        pause();
        // Erased meanwhile: the key is gone, so nobody reads what was just stored. It is not left lying
        // about; a crash before this line leaves it, sealed for ever, until the next start.
        if self.keys.is_erased(person)? {
            lock(&self.values).execute(
                "delete from vault_values where reference = ?1",
                [&reference.as_bytes()[..]],
            )?;
            return Err(VaultError::Erased);
        }
        Ok(Reference(reference))
    }

    /// The value, and whose it is; nothing when it or its person was erased.
    pub(crate) fn read(&self, reference: Reference) -> Result<Option<(Uuid, String)>, VaultError> {
        self.must_be_open()?;
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
        let Some(key) = self.keys.get(person)? else {
            return Ok(None);
        };
        let bytes = seal::open(&key, &bound_to(person, reference.0), &sealed)?;
        let value = String::from_utf8(bytes).map_err(|_| VaultError::Changed)?;
        Ok(Some((person, value)))
    }

    /// Destroys people's keys, and with them everything that was ever sealed by them, in every copy. They get
    /// no key again. That a person was erased is an event first ([`crate::Platform::erase_person`]).
    ///
    /// # Errors
    /// When the database fails; whoever asked asks again.
    pub(crate) fn destroy(&self, people: &[Uuid]) -> Result<(), VaultError> {
        self.destroy_in_steps(people, &mut || {})
    }

    /// [`Vault::destroy`], with a pause between its steps.
    fn destroy_in_steps(&self, people: &[Uuid], pause: &mut dyn FnMut()) -> Result<(), VaultError> {
        self.keys.destroy(people)?;
        pause();
        // A crash before this line leaves values that nobody can open; the next start removes them.
        let mut values = lock(&self.values);
        let transaction = values.transaction()?;
        for person in people {
            transaction
                .prepare_cached("delete from vault_values where person = ?1")?
                .execute([&person.as_bytes()[..]])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// From here on values can be stored and opened.
    pub(crate) fn erasures_replayed(&self) {
        self.replayed.store(true, Ordering::Release);
    }

    fn must_be_open(&self) -> Result<(), VaultError> {
        if self.replayed.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(VaultError::NotReplayed)
    }

    /// Wraps every person's key by another master key. No value and no event is touched. Backups of the keys
    /// that were made before need the old master key: make one anew.
    ///
    /// # Errors
    /// When the database fails; then all keys are wrapped as before.
    pub fn rotate(&self, to: MasterKey) -> Result<usize, VaultError> {
        self.keys.rotate(to)
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a connection or a key half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
