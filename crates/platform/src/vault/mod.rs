//! The vault: personal values, each person's under a key of its own. Without the key nobody reads them, here
//! or in any backup; destroying the key is how a person is forgotten.
//!
//! Keys stand in a database of their own, wrapped by the master key; sealed values stand beside the ledger,
//! whose events hold references only. A node by itself keeps both in files ([`sqlite`]); nodes that share a
//! ledger share the vault too ([`postgres`]). Opening a value is an event with its reason
//! ([`crate::Platform::open_value`]), so nothing here opens one by itself. A vault that was just opened gives
//! nothing until the erasures of the ledger were replayed on it ([`crate::Platform::replay_erasures`]).

#[cfg(test)]
mod attack_tests;
pub mod backup;
mod block;
mod carry;
#[cfg(test)]
mod conformance_tests;
mod master;
mod postgres;
#[cfg(test)]
mod race_tests;
mod seal;
mod sqlite;
mod store;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use kandeng_ledger::store::postgres::Address;
use uuid::Uuid;

pub use backup::{KeyBackup, KeyBackups};
pub use block::MAX_BLOCK;
pub(crate) use carry::{forget_files, is_in_files, values_between_files, values_to_file};
pub use master::MasterKey;

use crate::context::Text;
use sqlite::{SqliteKeys, SqliteValues};
use store::{Keys, SealedValue, Values, WrappedKey};

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
    /// The vault that another is carried into has another key for one of its people.
    Foreign,
    /// A backup of the keys cannot be made or restored so.
    Backup(Text),
    /// The machine gives no randomness.
    Randomness(String),
    /// The database in a file failed.
    Database(#[from] rusqlite::Error),
    /// The database on a server cannot be reached, or failed.
    Server(Text),
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
            Self::Foreign => Text::new(
                "目标保险库里已有另一批人的密钥;请换一个空的数据库",
                "the vault that this one is carried into holds other keys already; name an empty database",
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
            Self::Server(text) => Text::new(
                format!("保险库的数据库(PostgreSQL):{}", text.zh),
                format!("the vault's database (PostgreSQL): {}", text.en),
            ),
        }
    }

    /// [`VaultError::WrongMaster`] unless `theirs`, by which keys are wrapped already, is `ours`.
    fn unless_same(ours: &str, theirs: Option<String>) -> Result<(), Self> {
        match theirs {
            Some(theirs) if theirs != ours => Err(Self::WrongMaster {
                ours: ours.to_owned(),
                theirs,
            }),
            _ => Ok(()),
        }
    }
}

/// The most bytes of one personal value.
pub const MAX_VALUE: usize = 64 * 1024;

/// Where a personal value stands: what events hold instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference(pub Uuid);

/// Personal values of one node, or of all nodes of one ledger.
pub struct Vault {
    keys: Box<dyn Keys>,
    values: Box<dyn Values>,
    /// Taken for every use of a key, so that nobody wraps by one that is being replaced.
    master: Mutex<MasterKey>,
    replayed: AtomicBool,
}

impl Vault {
    /// Opens the vault of one node: keys in the file `keys`, sealed values in `database`, which is the node's. It
    /// stays shut until the erasures were replayed; [`crate::Platform::open_vault`] does both.
    ///
    /// # Errors
    /// [`VaultError::WrongMaster`] when another master key wrapped what is there.
    pub fn open(keys: &Path, database: &Path, master: MasterKey) -> Result<Self, VaultError> {
        let keys = SqliteKeys::open(keys)?;
        Self::of(
            Box::new(keys),
            Box::new(SqliteValues::open(database)?),
            master,
        )
    }

    /// Opens the vault that the nodes of one ledger share: keys on the server `keys`, sealed values beside the
    /// ledger. It stays shut as [`Vault::open`] says.
    ///
    /// # Errors
    /// [`VaultError::WrongMaster`]; [`VaultError::Server`] when a server cannot be reached.
    pub fn open_shared(
        keys: Address,
        values: Address,
        master: MasterKey,
    ) -> Result<Self, VaultError> {
        let keys = postgres::PostgresKeys::open(keys)?;
        let values = postgres::PostgresValues::open(values)?;
        Self::of(Box::new(keys), Box::new(values), master)
    }

    fn of(
        keys: Box<dyn Keys>,
        values: Box<dyn Values>,
        master: MasterKey,
    ) -> Result<Self, VaultError> {
        VaultError::unless_same(master.id(), keys.master()?)?;
        Ok(Self {
            keys,
            values,
            master: Mutex::new(master),
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
        let key = self.key_or_new(person)?;
        pause();
        let reference = Reference(Uuid::new_v4());
        let value = SealedValue {
            reference,
            person,
            sealed: seal::seal(&key, &bound_to(person, reference.0), value.as_bytes())?,
        };
        // A crash before this line leaves a key without values: the next value uses it.
        self.values.put(std::slice::from_ref(&value))?;
        pause();
        // Erased meanwhile: the key is gone, so nobody reads what was just stored. It is not left lying
        // about; a crash before this line leaves it, sealed for ever, until the next start.
        if self.keys.is_erased(person)? {
            self.values.remove(reference)?;
            return Err(VaultError::Erased);
        }
        Ok(reference)
    }

    /// The person's key, made when there is none yet.
    fn key_or_new(&self, person: Uuid) -> Result<[u8; 32], VaultError> {
        let master = lock(&self.master);
        if let Some(kept) = self.keys.get(person)? {
            return unwrap(&master, &kept);
        }
        let new = wrap(&master, person, &seal::random::<32>()?)?;
        // Somebody else may be first; a crash before this line leaves no key, and nothing sealed by it.
        unwrap(&master, &self.keys.keep(&new)?)
    }

    /// The value, and whose it is; nothing when it or its person was erased.
    pub(crate) fn read(&self, reference: Reference) -> Result<Option<(Uuid, String)>, VaultError> {
        self.must_be_open()?;
        let Some(value) = self.values.get(reference)? else {
            return Ok(None);
        };
        let master = lock(&self.master);
        let Some(key) = self.keys.get(value.person)? else {
            return Ok(None);
        };
        let key = unwrap(&master, &key)?;
        let bytes = seal::open(&key, &bound_to(value.person, reference.0), &value.sealed)?;
        let text = String::from_utf8(bytes).map_err(|_| VaultError::Changed)?;
        Ok(Some((value.person, text)))
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
        self.keys.bury(people)?;
        pause();
        // A crash before this line leaves values that nobody can open; the next start removes them.
        self.values.remove_of(people)
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

    /// Wraps every person's key by another master key, and gives their number. No value and no event is touched.
    /// Backups of the keys that were made before need the old master key: make one anew. Other programs and
    /// nodes that have the vault open are told that their master key is the wrong one.
    ///
    /// # Errors
    /// When the database fails; then all keys are wrapped as before.
    pub fn rotate(&self, to: MasterKey) -> Result<usize, VaultError> {
        let mut master = lock(&self.master);
        let count = self.keys.rewrap(to.id(), &mut |kept| {
            let key = unwrap(&master, kept)?;
            Ok(wrap(&to, kept.person, &key)?.wrapped)
        })?;
        *master = to;
        Ok(count)
    }
}

/// A person's key, wrapped. It opens for that person only.
fn wrap(master: &MasterKey, person: Uuid, key: &[u8; 32]) -> Result<WrappedKey, VaultError> {
    Ok(WrappedKey {
        person,
        master: master.id().to_owned(),
        wrapped: seal::seal(master.bytes(), person.as_bytes(), key)?,
    })
}

fn unwrap(master: &MasterKey, kept: &WrappedKey) -> Result<[u8; 32], VaultError> {
    VaultError::unless_same(master.id(), Some(kept.master.clone()))?;
    let key = seal::open(master.bytes(), kept.person.as_bytes(), &kept.wrapped)?;
    key.try_into().map_err(|_| VaultError::Changed)
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
