//! Following the ledger: reading on as it grows, by this node's appends or another's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::event::Recorded;
use crate::ledger::Ledger;
use crate::store::{OpenReader, Watch};

/// How many entries a follower reads at once.
const PAGE: usize = 1_000;

/// How long a missed notification can go unnoticed, and closing can take.
const LOOK: Duration = Duration::from_millis(500);

/// The newest checkpoint, told to whoever waits. Two nodes' news may overtake one another here.
pub(crate) fn announce(newest: &watch::Sender<Option<Checkpoint>>, found: Checkpoint) {
    newest.send_if_modified(|known| {
        let newer = known.as_ref().is_none_or(|known| known.size < found.size);
        if newer {
            *known = Some(found);
        }
        newer
    });
}

/// Looks for what other nodes append until the ledger is closed.
pub(crate) fn watch_others(
    mut others: Box<dyn Watch>,
    open: Arc<OpenReader>,
    trust: Trust,
    newest: watch::Sender<Option<Checkpoint>>,
    alive: Weak<AtomicBool>,
) {
    let mut reader = None;
    // The ledger's handles hold the flag; the writer thread clears it.
    while alive
        .upgrade()
        .is_some_and(|alive| alive.load(Ordering::Acquire))
    {
        if reader.is_none() {
            reader = open().ok();
        }
        // What fails here is tried again, and said by whoever reads or appends.
        let found = reader.as_mut().map(|reader| reader.checkpoint());
        match found {
            Some(Ok(Some(found))) => {
                let known = newest.borrow().as_ref().map_or(0, |known| known.size);
                // Nothing is believed of a checkpoint that the ledger's key has not signed.
                if found.size > known && trust.verify(&found.note).is_ok() {
                    announce(&newest, found);
                }
            }
            Some(Ok(None)) => {}
            Some(Err(_)) | None => reader = None,
        }
        others.wait(LOOK);
    }
}

/// Reads on and waits for more.
pub struct Follower {
    ledger: Ledger,
    newest: watch::Receiver<Option<Checkpoint>>,
    position: u64,
}

impl Follower {
    pub(crate) fn new(
        ledger: Ledger,
        newest: watch::Receiver<Option<Checkpoint>>,
        position: u64,
    ) -> Self {
        Self {
            ledger,
            newest,
            position,
        }
    }

    /// The next events, at least one; waits for it when there is none. Nothing when the ledger closed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Option<Vec<Recorded>>, StoreError> {
        loop {
            let size = self
                .newest
                .borrow_and_update()
                .as_ref()
                .map_or(0, |checkpoint| checkpoint.size);
            if size > self.position {
                let page = self.ledger.read_from(self.position, PAGE)?;
                if !page.is_empty() {
                    self.position += page.len() as u64;
                    return Ok(Some(page));
                }
            }
            if self.newest.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}
