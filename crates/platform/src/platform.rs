//! The loop: a command is decided into events, the events go into the ledger, the ledger fills the read
//! model, and everything else reads from there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::store::Store;
use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::{
    Append, AppendError, Checkpoint, Ledger, SigningKey, StoreError, StreamName, Write,
};
use rusqlite::{Connection, OpenFlags};
use sha2::Sha256;
use tokio::sync::watch;
use uuid::Uuid;

use crate::aggregate::{Decide, Events};
use crate::clock::{Clock, Ids};
pub use crate::command_error::CommandError;
use crate::context::Context;
use crate::deadline::{self, Running};
use crate::elsewhere::{self, Following};
use crate::hex::hex;
use crate::notice;
use crate::plan::Plan;
use crate::read_model::{ReadModel, Tables};
use crate::refused::RefusedEvent;
use crate::room::{Room, is_for_want_of_room, is_still_written, refused_for_room};

/// By how much clocks of several nodes may differ before anybody is told.
const LENIENT: SignedDuration = SignedDuration::from_mins(1);

/// How many of the newest events are looked at for the latest time that one carries.
const NEWEST: u64 = 1_000;

/// How often a command is decided anew when somebody else was first.
const TRIES: usize = 8;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was carried out, now or when it first came.
    Done {
        /// Where its events are.
        positions: Range<u64>,
    },
    /// It was so already.
    Nothing,
}

/// What is done when a deadline is missed. It may decide further commands into the same append.
pub type FollowUp = Box<dyn Fn(&mut Plan<'_>, &Running) -> Result<(), CommandError> + Send + Sync>;

/// What a platform is made of.
pub struct Parts {
    /// The node's database: ledger and read model in one file.
    pub database: PathBuf,
    /// The key that signs checkpoints.
    pub signing: SigningKey,
    /// The key that names streams of unique values. It never changes for the life of a ledger.
    pub naming: [u8; 32],
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// The scenes' tables.
    pub tables: Vec<Box<dyn Tables>>,
    /// What is done when deadlines are missed, by name.
    pub follow_ups: BTreeMap<String, FollowUp>,
    /// By which channel people are told what the platform itself tells them.
    pub channel: String,
}

impl Parts {
    /// The read model of the tables that every node has and those of the scenes.
    fn read_model(&mut self) -> Arc<ReadModel> {
        let mut tables = shared_tables();
        tables.append(&mut self.tables);
        Arc::new(ReadModel::new(tables))
    }
}

/// A node: the ledger, its read model, time.
#[derive(Clone)]
pub struct Platform(Arc<Inner>);

struct Inner {
    /// Where the ledger is not in the read model's own file.
    following: Option<Following>,
    ledger: Ledger,
    database: PathBuf,
    naming: [u8; 32],
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    follow_ups: BTreeMap<String, FollowUp>,
    channel: String,
    room: Room,
    /// The latest time that an event carries, in milliseconds since 1970.
    latest: AtomicI64,
    idle: Mutex<Vec<Connection>>,
}

impl Platform {
    /// Opens the node's database, in which the ledger is too, and brings its read model up to the ledger.
    ///
    /// # Errors
    /// When the file cannot be opened or what is stored is not what was signed.
    pub fn open(mut parts: Parts) -> Result<Self, StoreError> {
        let read_model = parts.read_model();
        let shared = crate::read_model::Shared(Arc::clone(&read_model));
        let store = Sqlite::open(&parts.database, Some(Box::new(shared)))?;
        let ledger = Ledger::start(store, parts.signing.clone())?;
        let mut connection = elsewhere::open(&parts.database)?;
        elsewhere::catch_up(&ledger, &read_model, &mut connection)?;
        Self::new(parts, ledger, None)
    }

    /// Opens a node whose ledger is in `store`, which other nodes may write to as well. Its read model follows.
    ///
    /// # Errors
    /// As [`Platform::open`].
    pub fn open_elsewhere(
        mut parts: Parts,
        store: impl Store + 'static,
    ) -> Result<Self, StoreError> {
        let read_model = parts.read_model();
        let ledger = Ledger::start(store, parts.signing.clone())?;
        let mut connection = elsewhere::open(&parts.database)?;
        elsewhere::catch_up(&ledger, &read_model, &mut connection)?;
        let following = Following::start(ledger.clone(), read_model, &parts.database)?;
        Self::new(parts, ledger, Some(following))
    }

    fn new(parts: Parts, ledger: Ledger, following: Option<Following>) -> Result<Self, StoreError> {
        let latest = latest_of(&ledger)?;
        let mut follow_ups = parts.follow_ups;
        follow_ups.insert(crate::case::CLIMB.to_owned(), Box::new(crate::case::climb));
        let unanswered: FollowUp = Box::new(crate::case::unanswered);
        follow_ups.insert(crate::case::UNANSWERED.to_owned(), unanswered);
        Ok(Self(Arc::new(Inner {
            following,
            ledger,
            database: parts.database,
            naming: parts.naming,
            clock: parts.clock,
            ids: parts.ids,
            follow_ups,
            channel: parts.channel,
            room: Room::default(),
            latest: AtomicI64::new(latest),
            idle: Mutex::new(Vec::new()),
        })))
    }

    /// Waits until everything that was submitted is on disk, and closes the ledger, unless somebody else still
    /// holds this node.
    pub fn close(self) {
        if let Some(inner) = Arc::into_inner(self.0) {
            // Before the ledger's: the last connection to go empties the WAL into the file.
            drop(inner.idle);
            drop(inner.following);
            inner.ledger.close();
        }
    }

    /// The ledger, for reading and proving. Writing goes through [`Platform::carry_out`].
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The node's database.
    pub fn database(&self) -> &Path {
        &self.0.database
    }

    /// By which channel people are told what the platform itself tells them.
    pub fn channel(&self) -> &str {
        &self.0.channel
    }

    /// Time.
    pub fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// Time, for whoever keeps it.
    pub fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Whether other nodes may append to the same ledger.
    pub fn shares_ledger(&self) -> bool {
        self.0.following.is_some()
    }

    /// Whether there is room on the disk.
    pub fn room(&self) -> &Room {
        &self.0.room
    }

    /// The time that the clock shows and the latest that an event carries, where the clock lies behind it: it was set
    /// back, or ran ahead before.
    pub fn clock_behind(&self) -> Option<(Timestamp, Timestamp)> {
        let latest = self.0.latest.load(Ordering::Relaxed);
        let now = self.0.clock.now();
        let latest = Timestamp::from_millisecond(latest).ok()?;
        (now + LENIENT < latest).then_some((now, latest))
    }

    /// Changes whenever this node's read model has taken in something new.
    pub fn news(&self) -> watch::Receiver<Option<Checkpoint>> {
        match &self.0.following {
            Some(following) => following.news(),
            None => self.0.ledger.checkpoints(),
        }
    }

    /// How many events are in the ledger, as far as this node knows, that its read model has not taken in yet.
    pub fn behind(&self) -> u64 {
        let size = |of: watch::Receiver<Option<Checkpoint>>| {
            of.borrow().as_ref().map_or(0, |newest| newest.size)
        };
        size(self.0.ledger.checkpoints()).saturating_sub(size(self.news()))
    }

    /// Waits until this node's read model has taken in everything that is in the ledger by now, whoever
    /// appended it.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the read model does not go on.
    pub async fn see_all(&self) -> Result<(), CommandError> {
        if let Some(following) = &self.0.following {
            let newest = self.0.ledger.read(|reader| reader.checkpoint())?;
            following
                .wait(newest.map_or(0, |newest| newest.size))
                .await?;
        }
        Ok(())
    }

    /// A new id.
    pub fn new_id(&self) -> Uuid {
        self.0.ids.next(self.0.clock.now())
    }

    /// Decides a command on the aggregate `id`, appends what it comes to, and returns when the read model has
    /// it. A command whose id was seen before gets its first answer again.
    ///
    /// # Errors
    /// [`CommandError::Refused`] is an answer; the others are faults or too much traffic.
    pub async fn carry_out<A, C>(
        &self,
        id: Uuid,
        command: C,
        cx: &Context,
    ) -> Result<Answer, CommandError>
    where
        A: Decide<C>,
        C: Clone,
    {
        let stream = StreamName::new(A::STREAM, id)?;
        self.append(cx, |plan| {
            plan.decide::<A, C>(stream.clone(), command.clone())
        })
        .await
    }

    /// Several decisions in one append: all or none.
    ///
    /// # Errors
    /// As [`Platform::carry_out`].
    pub async fn append(
        &self,
        cx: &Context,
        plan: impl Fn(&mut Plan<'_>) -> Result<(), CommandError>,
    ) -> Result<Answer, CommandError> {
        let mut contended = None;
        for _ in 0..TRIES {
            if let Some(positions) = self.first_positions(cx)? {
                return self.answer_at(positions).await;
            }
            let mut planned = Plan::new(self, cx);
            let mut writes = match plan(&mut planned) {
                Ok(()) => planned.into_writes(),
                Err(CommandError::Refused(refusal)) if cx.command.is_some() => {
                    vec![answered(cx, RefusedEvent::CommandRefused(refusal))?]
                }
                Err(error) => return Err(error),
            };
            if writes.is_empty() && cx.command.is_some() {
                writes.push(answered(cx, RefusedEvent::CommandWithoutEffect {})?);
            }
            if writes.is_empty() {
                self.see_all().await?;
                return Ok(Answer::Nothing);
            }
            let is_small = |write: &Write| is_still_written(write.stream.kind());
            if self.0.room.is_short() && !writes.iter().all(is_small) {
                return Err(refused_for_room());
            }
            let append = Append {
                occasion: cx.occasion(),
                writes,
            };
            match self.0.ledger.append_all(append).await {
                Ok(appended) => {
                    let at = cx.at.as_millisecond();
                    self.0.latest.fetch_max(at, Ordering::Relaxed);
                    let answer = self.answer_at(appended.positions).await;
                    // It is in the ledger, whatever this node's read model does.
                    return answer.map_err(|error| self.appended_all_the_same(error));
                }
                // What it was now says the command's first answer.
                Err(AppendError::Repeated { .. }) => {}
                Err(AppendError::Conflict { stream, .. }) => contended = Some(stream),
                Err(AppendError::Busy(_)) => return Err(CommandError::Busy),
                Err(AppendError::Event(error)) => return Err(error.into()),
                Err(AppendError::Store(error)) => {
                    if matches!(error, StoreError::Database { full: true, .. }) {
                        self.0.room.ran_out();
                    }
                    return Err(error.into());
                }
                Err(error) => return Err(CommandError::Append(error.to_string())),
            }
        }
        Err(contended.map_or(CommandError::Busy, CommandError::Contended))
    }

    /// Why nobody can say what came of a command whose events are in the ledger.
    fn appended_all_the_same(&self, error: CommandError) -> CommandError {
        if is_for_want_of_room(&error) {
            self.0.room.ran_out();
        }
        match error {
            CommandError::Store(error) => StoreError::Unsure {
                store: "the read model",
                problem: error.to_string(),
            }
            .into(),
            other => other,
        }
    }

    /// What a command of that id got when it first came; nothing where none came.
    ///
    /// # Errors
    /// The refusal that it got, or a fault.
    pub async fn first_answer(&self, command: Uuid) -> Result<Option<Answer>, CommandError> {
        match self.0.ledger.command(command)? {
            Some((first, count)) => self.answer_at(first..first + count).await.map(Some),
            None => Ok(None),
        }
    }

    /// Where the command's events are, if it came before.
    fn first_positions(&self, cx: &Context) -> Result<Option<Range<u64>>, CommandError> {
        let Some(id) = cx.command else {
            return Ok(None);
        };
        let positions = self.0.ledger.command(id)?;
        Ok(positions.map(|(first, count)| first..first + count))
    }

    /// The answer of a command whose events are there, once this node's read model has them.
    async fn answer_at(&self, positions: Range<u64>) -> Result<Answer, CommandError> {
        if let Some(following) = &self.0.following {
            following.wait(positions.end).await?;
        }
        let first = self.0.ledger.read_from(positions.start, 1)?.pop();
        let kept = first.and_then(RefusedEvent::answer);
        kept.unwrap_or(Ok(Answer::Done { positions }))
    }

    /// Reads from the read model.
    ///
    /// # Errors
    /// When the database fails, and whatever `read` gives.
    pub fn query<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let lock = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.0.database)?,
        };
        let result = read(&connection)?;
        lock().push(connection);
        Ok(result)
    }

    /// Reads from the read model as it stands at one moment, whatever is written meanwhile: for what takes several looks
    /// and must fit together.
    ///
    /// # Errors
    /// As [`Platform::query`].
    pub fn query_at_once<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.query(|connection| {
            // Taken back at its end: there is nothing to keep.
            let moment = connection.unchecked_transaction()?;
            read(&moment)
        })
    }

    /// The position of the ledger that the read model waits for next. Whoever is answered that something was done finds
    /// it behind what was done.
    pub fn position(&self) -> u64 {
        let news = self.news();
        let newest = news.borrow();
        newest.as_ref().map_or(0, |newest| newest.size)
    }

    /// The name of the stream that guards a value: a keyed hash, so that the name tells nobody the value.
    pub(crate) fn guard(&self, stream: &str, parts: &[&str]) -> Result<StreamName, CommandError> {
        let digest = self.keyed(stream, parts)?;
        Ok(StreamName::guarding(stream, &digest)?)
    }

    /// Who has the value that nobody else may have, if anybody.
    pub(crate) fn owner_of(&self, space: &str, value: &str) -> Result<Option<Uuid>, CommandError> {
        let stream = self.guard("value", &[space, value])?;
        let events = self.ledger().read_stream(&stream, 0)?;
        Ok(crate::aggregate::fold::<crate::unique::Value>(events)?
            .state
            .owner())
    }

    /// 64 bits of a keyed hash, in hexadecimal digits.
    pub fn mark(&self, parts: &[&str]) -> String {
        let digest = self.keyed("mark", parts).unwrap_or_default();
        hex(&digest[..8])
    }

    /// A keyed hash as text, which nobody makes without the node's key.
    pub(crate) fn token(&self, parts: &[&str]) -> String {
        let digest = self.keyed("token", parts).unwrap_or_default();
        hex(&digest)
    }

    fn keyed(&self, about: &str, parts: &[&str]) -> Result<[u8; 32], CommandError> {
        // Cannot fail: HMAC takes keys of every length.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(&self.0.naming) else {
            return Err(CommandError::Append("no key to name streams by".to_owned()));
        };
        for part in [about].iter().chain(parts) {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Ok(hash.finalize().into_bytes().into())
    }

    pub(crate) fn follow_up(&self, name: &str) -> Option<&FollowUp> {
        self.0.follow_ups.get(name)
    }
}

/// The latest time that one of the newest events carries, in milliseconds since 1970: of more than the last, since a
/// clock that was set back may have gone on.
fn latest_of(ledger: &Ledger) -> Result<i64, StoreError> {
    let size = ledger.checkpoint().map_or(0, |newest| newest.size);
    let newest = ledger.read_from(size.saturating_sub(NEWEST), NEWEST as usize)?;
    let times = newest.into_iter().filter_map(|event| event.envelope);
    let times = times.map(|envelope| envelope.at.as_millisecond());
    Ok(times.max().unwrap_or(i64::MIN))
}

/// The answer to a command that changed nothing.
fn answered(cx: &Context, answer: RefusedEvent) -> Result<Write, CommandError> {
    // Cannot be nothing: only commands with an id are recorded so.
    let id = cx.command.unwrap_or_default();
    Ok(Write {
        stream: StreamName::new(RefusedEvent::STREAM, id)?,
        expected: 0,
        events: vec![answer.new_event()],
    })
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // All that pages ask, so that nothing is parsed for each request anew.
    connection.set_prepared_statement_cache_capacity(256);
    kandeng_ledger::store::sqlite::plan_once(&connection)?;
    Ok(connection)
}

/// The tables that every node has, whatever scenes it serves.
pub fn shared_tables() -> Vec<Box<dyn Tables>> {
    vec![
        Box::new(deadline::DeadlineTables),
        Box::new(notice::NoticeTables),
        Box::new(crate::person::PersonTables),
        Box::new(crate::reading::ReadingTables),
        Box::new(crate::account::AccountTables),
        Box::new(crate::flag::FlagTables),
        Box::new(crate::flag::RuleTables),
        Box::new(crate::case::CaseTables),
        Box::new(crate::case::QuestionTables),
    ]
}
