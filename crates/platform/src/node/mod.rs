//! A node: the folder that `kandeng init` makes and everything else opens.
//!
//! Opening one checks what must hold before anything is written: nobody else writes there, secrets are secret,
//! what is stored is what was signed, and no later checkpoint is known elsewhere.

mod backup;
mod belongings;
mod config;
mod copy;
mod error;
mod evidence;
mod folder;
mod init;
mod migrate;
mod notices;
mod rebuild;
mod restore;
mod rotate;
mod secrets;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kandeng_ledger::store::Reader;
use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_ledger::store::sqlite::SqliteReader;
use kandeng_ledger::{
    CheckpointError, Folder as PublishedFolder, Places, PublishError, Published, Publisher, Witness,
};

pub use backup::{BackedUp, backup, backup_people};
pub use belongings::{Belongings, BelongingsEvent};
pub use config::{
    CONFIG, Config, DeskAt, DiskAt, ScreeningAt, Secret, ServerAt, StoreAt, WatchAt, WitnessAt,
};
pub use copy::Copied;
pub use error::{NodeError, of_publish, of_store};
pub use evidence::{Changed, Evidence};
pub use folder::{Folder, Lock};
pub use init::init;
pub use migrate::migrate;
pub use rebuild::{Rebuilt, rebuild};
pub use restore::{Loss, Restore, Restored, restore};
pub use rotate::{Rotated, rotate};
pub use verify::{NodeReport, NodeWrong};

use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::notice::Sender;
use crate::notice::senders::{Channels, Surroundings};
use crate::platform::{FollowUp, Parts, Platform};
use crate::read_model::Tables;
use crate::vault::{KeyBackups, MasterKey, Vault};

/// What a node is opened with: time, ids, and what the scenes bring.
pub struct Opening {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// The scenes' tables.
    pub tables: Vec<Box<dyn Tables>>,
    /// What is done when deadlines are missed, by name.
    pub follow_ups: BTreeMap<String, FollowUp>,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            tables: Vec::new(),
            follow_ups: BTreeMap::new(),
        }
    }
}

/// A node that is open for writing.
pub struct Node {
    /// Its folder and settings.
    pub folder: Folder,
    /// The loop: commands, ledger, read model.
    pub platform: Platform,
    /// Personal values.
    pub vault: Arc<Vault>,
    publisher: Publisher,
    lock: Lock,
}

impl Node {
    /// Opens the node in `path` for writing. Whoever was erased is erased again before anything is readable.
    ///
    /// # Errors
    /// With a sentence that says what, where, and what to do.
    pub fn open(path: &Path, opening: Opening) -> Result<Self, NodeError> {
        let folder = Folder::open(path)?;
        let lock = folder.lock()?;
        Self::open_locked(folder, lock, opening)
    }

    /// The same for whoever has the folder already.
    pub(super) fn open_locked(
        folder: Folder,
        lock: Lock,
        opening: Opening,
    ) -> Result<Self, NodeError> {
        let signing = folder.signing()?;
        let naming = folder.naming()?;
        let master = folder.master()?;
        folder.check_second_place()?;
        let places = folder.places()?;
        // A witness that cannot be asked keeps nobody from working; one that knows of more does.
        places.check(folder.reader()?.as_mut(), &signing)?;
        let parts = Parts {
            database: folder.database(),
            signing,
            naming,
            clock: opening.clock,
            ids: opening.ids,
            tables: opening.tables,
            follow_ups: opening.follow_ups,
            // Without one, notices wait where whoever runs the node sees that they went nowhere.
            channel: (folder.config.screening.channel.clone()).unwrap_or_else(|| "log".to_owned()),
        };
        let platform = match &folder.config.store {
            StoreAt::Sqlite => Platform::open(parts)?,
            postgres @ StoreAt::Postgres { .. } => {
                migrate::forget_old_ledger(&folder.database())?;
                let store = Postgres::open(folder.address(postgres)?)?;
                Platform::open_elsewhere(parts, store)?
            }
        };
        // Backups of people's keys end in time also when the node was down.
        folder.key_backups()?.lapse(platform.clock().now())?;
        let vault = Arc::new(folder.vault(master)?);
        platform.replay_erasures(&vault)?;
        let publisher = Publisher::start(platform.ledger(), places)?;
        Ok(Self {
            folder,
            platform,
            vault,
            publisher,
            lock,
        })
    }

    /// Waits until everything that is in the ledger by now has reached the second place and a witness, for no
    /// longer than `most`; what has reached them.
    ///
    /// # Errors
    /// What does not work. It is tried again as long as the node is open, and when it is opened the next time.
    pub fn published(&self, most: Duration) -> Result<Published, NodeError> {
        let newest = self.platform.ledger().checkpoint();
        let size = newest.map(|checkpoint| checkpoint.size);
        let until = Instant::now() + most;
        let state = self.publisher.state();
        let places = self.folder.places()?;
        loop {
            let now = state.borrow().clone();
            let has = |is_there: bool, theirs: Option<u64>| !is_there || theirs >= size;
            if size.is_none()
                || has(places.folder.is_some(), now.folder)
                    && has(!places.witnesses.is_empty(), now.witnessed)
            {
                return Ok(now);
            }
            if !now.problems.is_empty() || Instant::now() > until {
                let problem = now.problems.join("; ");
                return Err(NodeError::wrong(
                    format!("已记入账本,但未能公布到第二处:{problem};节点运行时会再试"),
                    format!(
                        "it is in the ledger, but has not reached the second place: {problem}. The node tries again whenever it runs"
                    ),
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A keyed hash of a text, short: the same text has the same, and nobody without the key finds the text.
    pub fn mark(&self, about: &str, text: &str) -> String {
        self.platform.mark(&[about, text])
    }

    /// What carries notices out of the house, by channel.
    ///
    /// # Errors
    /// When a secret cannot be read or an address is none.
    pub fn senders(&self) -> Result<BTreeMap<String, Arc<dyn Sender>>, NodeError> {
        let channels = Channels::from_table(self.folder.config.channels.clone());
        let around = Surroundings {
            folder: self.folder.path(),
            clock: self.platform.shared_clock(),
        };
        channels
            .and_then(|channels| channels.open(&around))
            .map_err(|error| NodeError::Wrong(error.0))
    }

    /// Closes the node: everything is on disk and, where that works, published, and the folder is free when this
    /// returns.
    pub fn close(self) {
        let Self {
            platform,
            vault,
            publisher,
            lock,
            ..
        } = self;
        drop(publisher);
        platform.close();
        drop(vault);
        drop(lock);
    }
}

impl Folder {
    /// What reads the ledger, whether or not somebody is appending to it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn reader(&self) -> Result<Box<dyn Reader>, NodeError> {
        if let postgres @ StoreAt::Postgres { .. } = &self.config.store {
            return Ok(Box::new(PostgresReader::open(self.address(postgres)?)?));
        }
        let database = self.database();
        if !database.is_file() {
            let shown = database.display();
            return Err(NodeError::wrong(
                format!("账本文件 {shown} 不见了;请把它放回,或从备份恢复(kandeng restore)"),
                format!(
                    "the ledger {shown} is not there; put it back, or bring back a backup with `kandeng restore`"
                ),
            ));
        }
        Ok(Box::new(SqliteReader::open(&database)?))
    }

    /// Where the ledger is on a server; the address is secret.
    fn address(&self, store: &StoreAt) -> Result<Address, NodeError> {
        let [_, ledger] = self.addresses(store)?;
        Ok(ledger)
    }

    /// The databases of a ledger that nodes share: that of people's keys, and that of the ledger and sealed values.
    fn addresses(&self, store: &StoreAt) -> Result<[Address; 2], NodeError> {
        let StoreAt::Postgres {
            address,
            certificates,
            keys,
        } = store
        else {
            return Err(NodeError::wrong(
                "账本不在 PostgreSQL",
                "the ledger is not in PostgreSQL",
            ));
        };
        let open = |address: &Secret| -> Result<Address, NodeError> {
            let address = Address::parse(&address.read(self.path())?)?;
            Ok(match certificates {
                Some(path) => address.with_roots(self.path().join(path)),
                None => address,
            })
        };
        Ok([open(keys.as_ref().unwrap_or(address))?, open(address)?])
    }

    /// The vault, which stays shut until the erasures were replayed. It is where the ledger is: in the node's
    /// files, or on the server, where all nodes of the ledger share it.
    fn vault(&self, master: MasterKey) -> Result<Vault, NodeError> {
        if self.config.store == StoreAt::Sqlite {
            return Ok(Vault::open(&self.people(), &self.database(), master)?);
        }
        let [keys, values] = self.addresses(&self.config.store)?;
        let vault = Vault::open_shared(keys, values, master.clone())?;
        // Left by a move that a crash broke off at its end, or by a node that was set up by hand.
        migrate::carry_vault(self, &vault, master)?;
        Ok(vault)
    }

    /// The master key.
    ///
    /// # Errors
    /// When it is not there, or others may read it.
    pub fn master(&self) -> Result<MasterKey, NodeError> {
        Ok(MasterKey::parse(&self.config.master.read(self.path())?)?)
    }

    /// Backups of people's keys, and the keys that they are wrapped by.
    ///
    /// # Errors
    /// When the folder of those keys cannot be made.
    pub fn key_backups(&self) -> Result<KeyBackups, NodeError> {
        Ok(KeyBackups::new(
            &self.keys().join("wrapping"),
            self.config.backup_days,
        )?)
    }

    /// Where checkpoints go.
    fn places(&self) -> Result<Places, PublishError> {
        let witness = self.config.witness.as_ref();
        let witnesses = witness.map(|witness| Witness::new(&witness.url, &witness.key));
        Ok(Places {
            folder: self.second_place().map(PublishedFolder::new),
            witnesses: witnesses.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// Whether the ledger continues what was published.
    ///
    /// # Errors
    /// When the ledger was set back, history was rewritten, or the second place is not there.
    pub fn check_second_place(&self) -> Result<(), NodeError> {
        let mut reader = self.reader()?;
        let Some(second) = self.second_place() else {
            return Ok(());
        };
        let public = second.join(folder::PUBLIC);
        let trust = self.trust()?;
        let theirs = std::fs::read_to_string(&public).unwrap_or_default();
        if theirs.trim() != trust.ledger {
            let (shown, own) = (second.display(), self.public_path());
            let own = own.display();
            return Err(NodeError::wrong(
                format!(
                    "第二处 {shown} 不在或不是本账本的(缺少相同的 {});请挂载它。若它是新设的,请把 {own} 复制进去",
                    folder::PUBLIC
                ),
                format!(
                    "the second place {shown} is not there, or not this ledger's: it lacks the same {}. Mount it; if it is a new one, copy {own} into it",
                    folder::PUBLIC
                ),
            ));
        }
        PublishedFolder::new(second).check(reader.as_mut(), &trust)?;
        Ok(())
    }
}

fn origin_error(error: &CheckpointError) -> NodeError {
    NodeError::wrong(
        format!(
            "账本的名字(origin)不能用:{error};应形如 ledger.example.gov.cn/990121,不含空格和加号"
        ),
        format!(
            "the ledger's name (origin) will not do: {error}. It is like ledger.example.gov.cn/990121, without spaces and plus signs"
        ),
    )
}
