//! A ledger that stands elsewhere: several nodes write to it, and each fills a read model of its own by following.
//!
//! A command is answered once its own node has taken in what it appended, so that whoever reads next sees it.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use kandeng_ledger::{Checkpoint, Ledger, Recorded, StoreError};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::read_model::ReadModel;

/// Events that are taken in at once.
const PAGE: usize = 4_096;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// A read model that follows, and how far it is.
pub(crate) struct Following {
    taken: watch::Receiver<Option<Checkpoint>>,
    trouble: watch::Receiver<Option<StoreError>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Following {
    /// Follows `ledger` into the read model at `database`, which has taken in everything to its newest
    /// checkpoint by now.
    pub(crate) fn start(
        ledger: Ledger,
        read_model: Arc<ReadModel>,
        database: &Path,
    ) -> Result<Self, StoreError> {
        let (announce, taken) = watch::channel(ledger.checkpoint());
        let (complain, trouble) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let connection = open(database)?;
        // What a crash takes from it is taken in again: the ledger stands elsewhere.
        connection.pragma_update(None, "synchronous", "normal")?;
        let failed = |error: std::io::Error| StoreError::Database {
            store: "read model",
            problem: error.to_string(),
            full: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(failed)?;
        let work = move || {
            let follower = Follower {
                ledger,
                read_model,
                connection,
                announce,
                complain,
            };
            runtime.block_on(follower.run(stopped));
        };
        let thread = std::thread::Builder::new()
            .name("read-model".to_owned())
            .spawn(work)
            .map_err(failed)?;
        Ok(Self {
            taken,
            trouble,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Waits until the read model has taken in everything before `position`.
    ///
    /// # Errors
    /// Why it does not go on. What was appended is in the ledger all the same, and whoever asks again with the
    /// same command id gets its answer.
    pub(crate) async fn wait(&self, position: u64) -> Result<(), StoreError> {
        let (mut taken, mut trouble) = (self.taken.clone(), self.trouble.clone());
        tokio::select! {
            biased;
            // It ends only with the node, and then nobody reads any more.
            _ = taken.wait_for(|taken| taken.as_ref().map_or(0, |taken| taken.size) >= position) => Ok(()),
            Ok(trouble) = trouble.wait_for(Option::is_some) => trouble.clone().map_or(Ok(()), Err),
        }
    }

    /// Changes whenever the read model has taken in something new.
    pub(crate) fn news(&self) -> watch::Receiver<Option<Checkpoint>> {
        self.taken.clone()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has told nobody that anything was taken in.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Follower {
    ledger: Ledger,
    read_model: Arc<ReadModel>,
    connection: Connection,
    announce: watch::Sender<Option<Checkpoint>>,
    complain: watch::Sender<Option<StoreError>>,
}

impl Follower {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut news = self.ledger.checkpoints();
        loop {
            let newest = news.borrow_and_update().clone();
            // A page that cannot be taken in is tried again: the server may be back by then.
            let pause = match catch_up(&self.ledger, &self.read_model, &mut self.connection) {
                Ok(()) => {
                    self.announce.send_replace(newest);
                    self.complain
                        .send_if_modified(|trouble| trouble.take().is_some());
                    None
                }
                Err(error) => {
                    self.complain.send_replace(Some(error));
                    Some(AGAIN)
                }
            };
            let again = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = &mut stopped => return,
                () = again => {}
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// A connection that writes to the read model.
pub(crate) fn open(database: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // What is erased from the ledger is not to stand on in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(256);
    kandeng_ledger::store::sqlite::plan_once(&connection)?;
    Ok(connection)
}

/// Takes in what the ledger has and the read model has not: tables that are new, or of another version.
pub(crate) fn catch_up(
    ledger: &Ledger,
    read_model: &ReadModel,
    connection: &mut Connection,
) -> Result<(), StoreError> {
    read_model.prepare(connection)?;
    let mut position = match read_model.position(connection)? {
        Some(position) => position,
        None => {
            let transaction = connection.transaction()?;
            read_model.clear(&transaction)?;
            transaction.commit()?;
            0
        }
    };
    let failed = |(position, problem): (u64, String)| StoreError::Projection { position, problem };
    let mut fresh = Fresh::from(position, ledger);
    loop {
        let events = ledger.read_from(position, PAGE)?;
        if events.is_empty() {
            return Ok(());
        }
        position += events.len() as u64;
        let events: Vec<&Recorded> = events.iter().collect();
        // A crash in between leaves the read model at the last page, where the next start goes on.
        let transaction = connection.transaction()?;
        read_model.take(&transaction, &events).map_err(failed)?;
        // In the same transaction: after a crash nobody would know that it is still to be done.
        let erased = events
            .iter()
            .any(|event| fresh.may_hold_what_it_erased(event));
        if erased {
            fresh = Fresh::from(0, ledger);
            let mut page = |position| ledger.read_from(position, PAGE);
            read_model.renew(&transaction, &mut page).map_err(failed)?;
        }
        transaction.commit()?;
        if erased {
            wipe(connection)?;
        }
    }
}

/// From where on, and when, events were read for the read model.
struct Fresh {
    /// What is before this position was read earlier.
    from: u64,
    /// What was erased before this position was gone when the rest was read.
    known: u64,
}

impl Fresh {
    fn from(from: u64, ledger: &Ledger) -> Self {
        let known = ledger.checkpoint().map_or(0, |newest| newest.size);
        Self { from, known }
    }

    /// Whether the event says that something was erased which the read model was filled from.
    fn may_hold_what_it_erased(&self, event: &Recorded) -> bool {
        let (Some(envelope), payload) = (&event.envelope, &event.payload) else {
            return event.stream.kind() == "erasure";
        };
        if envelope.kind != kandeng_ledger::ERASED {
            return false;
        }
        let position = payload.as_ref().and_then(|said| said["position"].as_u64());
        event.position >= self.known || position.is_none_or(|position| position < self.from)
    }
}

/// Takes what was erased out of the WAL. Whoever reads at this moment keeps it from being emptied; then it is
/// with the next one.
fn wipe(connection: &Connection) -> Result<(), StoreError> {
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    Ok(())
}
