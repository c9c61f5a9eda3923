//! The ledger as everybody meets it: append, read, follow. A handle is cheap to clone.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::checkpoint::{Checkpoint, SigningKey, Trust};
use crate::edge::{Roots, signed_edge, tile};
use crate::error::{AppendError, EventError, StoreError};
use crate::event::{NewEvent, Occasion, Recorded, StreamName};
use crate::follow::{Follower, watch_others};
use crate::leaf::{Part, Sealed, salts};
use crate::store::{OpenReader, Reader, Store, Stored};
use crate::tree::TileSource;
use crate::writer::{Bell, Cosigned, Job, Request, SealedWrite, Writer};

/// How many appends may wait for the writer.
const QUEUE: usize = 4_096;

/// How many entries of a stream are read at once.
const PAGE: usize = 1_000;

/// Events for one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The stream.
    pub stream: StreamName,
    /// The version that the first of the events gets: the number of events that the writer has read.
    pub expected: u64,
    /// The events.
    pub events: Vec<NewEvent>,
}

/// What is appended together, or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// Who, when, where.
    pub occasion: Occasion,
    /// The events.
    pub writes: Vec<Write>,
}

/// Where events have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Their positions.
    pub positions: Range<u64>,
    /// The size of the signed tree that holds them.
    pub signed_at: u64,
}

/// A ledger that is open.
///
/// Appends go through one writer; they are durable and under a signed checkpoint when they return. Reads
/// have connections of their own.
#[derive(Clone)]
pub struct Ledger {
    queue: mpsc::Sender<Job>,
    bell: Arc<Bell>,
    newest: watch::Receiver<Option<Checkpoint>>,
    readers: Arc<Readers>,
    trust: Trust,
    thread: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

/// Readers that nobody uses at the moment.
struct Readers {
    idle: Mutex<Vec<Box<dyn Reader>>>,
    open: Arc<OpenReader>,
    roots: Roots,
}

impl Ledger {
    /// Opens the ledger in `store`, signed with `key`. Its newest checkpoint is verified against what is
    /// stored.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when what is stored is not what was signed.
    pub fn start(store: impl Store + 'static, key: SigningKey) -> Result<Self, StoreError> {
        let open = Arc::new(store.opener());
        let mut reader = open()?;
        let trust = Trust::ledger(key.verifier());
        let (frontier, newest) = signed_edge(reader.as_mut(), &trust)?;
        let (queue, requests) = mpsc::channel(QUEUE);
        let (announce, newest) = watch::channel(newest);
        let alive = Arc::new(AtomicBool::new(true));
        let others = store.watch();
        let watching = others
            .map(|others| {
                let (open, trust) = (open.clone(), trust.clone());
                let (announce, alive) = (announce.clone(), Arc::downgrade(&alive));
                thread("ledger-watch", move || {
                    watch_others(others, open, trust, announce, alive);
                })
            })
            .transpose()?;
        let writer = Writer {
            store: Box::new(store),
            reader,
            key,
            trust: trust.clone(),
            frontier,
            newest: announce,
        };
        let bell = Arc::new(Bell::default());
        let rung = bell.clone();
        let writing = thread("ledger", move || {
            writer.run(requests, rung);
            alive.store(false, Ordering::Release);
            // Ends within half a second; a panic there has told nobody anything.
            let _ = watching.map(std::thread::JoinHandle::join);
        })?;
        Ok(Self {
            queue,
            bell,
            newest,
            readers: Arc::new(Readers {
                idle: Mutex::new(Vec::new()),
                open,
                roots: Roots::default(),
            }),
            trust,
            thread: Arc::new(Mutex::new(Some(writing))),
        })
    }

    /// How many appends wait for the writer at the moment.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Appends events of one stream. See [`Ledger::append_all`].
    ///
    /// # Errors
    /// As [`Ledger::append_all`].
    pub async fn append(
        &self,
        occasion: Occasion,
        stream: StreamName,
        expected: u64,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.append_all(Append {
            occasion,
            writes: vec![Write {
                stream,
                expected,
                events,
            }],
        })
        .await
    }

    /// Appends events of several streams, all or none. When it returns they are on disk, under a signed
    /// checkpoint, and (in the embedded store) in the read model.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] when somebody was first, [`AppendError::Repeated`] when the command was
    /// carried out before, [`AppendError::Busy`] when too many wait; see [`AppendError`].
    pub async fn append_all(&self, append: Append) -> Result<Appended, AppendError> {
        let answer = self.submit(append, Vec::new())?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    /// [`Ledger::append_all`] for callers without an async runtime.
    ///
    /// # Errors
    /// As [`Ledger::append_all`].
    pub fn append_all_blocking(&self, append: Append) -> Result<Appended, AppendError> {
        let answer = self.submit(append, Vec::new())?;
        answer.blocking_recv().map_err(|_| AppendError::Closed)?
    }

    /// Forgets the payload or the envelope of an entry, for good. That it was forgotten, why and by whom
    /// is itself an event, in a stream of its own; every proof stays valid.
    ///
    /// # Errors
    /// As [`Ledger::append_all`].
    pub async fn erase(
        &self,
        occasion: Occasion,
        position: u64,
        part: Part,
        reason: &str,
    ) -> Result<Appended, AppendError> {
        let stream = StreamName::new("erasure", Uuid::new_v4())?;
        let payload = serde_json::json!({
            "part": part.name(),
            "position": position,
            "reason": reason,
        });
        let append = Append {
            occasion,
            writes: vec![Write {
                stream,
                expected: 0,
                events: vec![NewEvent::new(ERASED, 1, payload)],
            }],
        };
        let answer = self.submit(append, vec![(position, part)])?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    fn submit(
        &self,
        append: Append,
        erasures: Vec<(u64, Part)>,
    ) -> Result<oneshot::Receiver<Result<Appended, AppendError>>, AppendError> {
        let count = append.writes.iter().map(|write| write.events.len()).sum();
        if count == 0 || append.writes.iter().any(|write| write.events.is_empty()) {
            return Err(EventError::Nothing.into());
        }
        let mut salts = salts(count)
            .map_err(|error| StoreError::Database {
                store: "ledger",
                problem: format!("no randomness: {error}"),
                full: false,
            })?
            .into_iter();
        let mut writes = Vec::with_capacity(append.writes.len());
        for write in append.writes {
            let count = write.events.len() as u64;
            let entries = (write.expected..)
                .zip(write.events)
                .zip(salts.by_ref())
                .map(|((version, event), salts)| {
                    Sealed::new(event, &write.stream, version, &append.occasion, salts)
                })
                .collect::<Result<_, _>>()?;
            writes.push(SealedWrite {
                stream: write.stream,
                expected: write.expected,
                count,
                entries,
                place: 0,
            });
        }
        let (answer, answered) = oneshot::channel();
        let request = Request {
            command: append.occasion.command,
            writes,
            erasures,
            answer,
        };
        self.queue
            .try_send(Job::Append(request))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => AppendError::Busy(QUEUE),
                mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
            })?;
        self.bell.ring();
        Ok(answered)
    }

    /// Keeps the cosignatures that witnesses gave to a checkpoint of this ledger, so that receipts can show
    /// them.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept, or when it is not a checkpoint of this ledger.
    pub(crate) fn keep_cosigned(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let closed = || StoreError::Database {
            store: "ledger",
            problem: "closed".to_owned(),
            full: false,
        };
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.queue
            .blocking_send(Job::Cosigned(Cosigned { checkpoint, answer }))
            .map_err(|_| closed())?;
        answered.recv().map_err(|_| closed())?
    }

    /// Events of a stream from `version` on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_stream(
        &self,
        stream: &StreamName,
        version: u64,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut all = Vec::new();
        loop {
            let from = version + all.len() as u64;
            let page = self.read(|reader| reader.stream(stream, from, PAGE))?;
            let last = page.len() < PAGE;
            for stored in page {
                all.push(stored.recorded()?);
            }
            if last {
                return Ok(all);
            }
        }
    }

    /// Events of the whole ledger from `position` on, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_from(&self, position: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        self.stored_from(position, limit)?
            .into_iter()
            .map(Stored::recorded)
            .collect()
    }

    /// Entries as they are stored, with what opens their leaves.
    ///
    /// # Errors
    /// When the store fails.
    pub fn stored_from(&self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        self.read(|reader| reader.entries(position, limit))
    }

    /// The positions of a command, if it was carried out: the first and their number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn command(&self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError> {
        self.read(|reader| reader.command(id))
    }

    /// Everything from `position` on, and what is appended later as it comes.
    pub fn follow(&self, position: u64) -> Follower {
        Follower::new(self.clone(), self.newest.clone(), position)
    }

    /// The newest checkpoint; nothing while the ledger is empty.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.newest.borrow().clone()
    }

    /// The newest checkpoint, now and whenever there is a newer one.
    pub fn checkpoints(&self) -> watch::Receiver<Option<Checkpoint>> {
        self.newest.clone()
    }

    /// Whose signature the ledger's checkpoints carry.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Roots of full tiles, as far as proofs have asked for them.
    pub(crate) fn roots(&self) -> &Roots {
        &self.readers.roots
    }

    /// Reads with a connection that nobody else uses.
    ///
    /// # Errors
    /// When no connection can be opened, and whatever `read` gives.
    pub fn read<T>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.readers.idle).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => (self.readers.open)()?,
        };
        let result = read(reader.as_mut());
        // A reader that failed may have lost its connection.
        if result.is_ok() {
            lock(&self.readers.idle).push(reader);
        }
        result
    }

    /// Waits until everything that was submitted is on disk, and closes the ledger for this handle and
    /// all its clones once they are gone.
    pub fn close(self) {
        let Self {
            queue,
            thread,
            readers,
            ..
        } = self;
        drop(queue);
        // Before the writer's: the last connection to go empties the WAL into the file.
        drop(readers);
        let last = Arc::try_unwrap(thread).ok();
        let handle =
            last.and_then(|thread| thread.into_inner().unwrap_or_else(PoisonError::into_inner));
        if let Some(handle) = handle {
            // A writer that panicked has answered nobody, and everybody knows.
            let _ = handle.join();
        }
    }
}

/// The kind of the event that tells of an erasure.
pub const ERASED: &str = "erased";

impl TileSource for Ledger {
    fn tile(&self, level: u8, index: u64, width: usize) -> Result<Vec<u8>, String> {
        self.read(|reader| tile(reader, level, index, width))
            .map_err(|error| error.to_string())
    }
}

/// A thread with a name.
pub(crate) fn thread(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Database {
            store: "ledger",
            problem: error.to_string(),
            full: false,
        })
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave a list of readers half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
