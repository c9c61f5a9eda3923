//! What callers are told while a batch fails, and while others append: nothing that is not so.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use kandeng_ledger::store::{Batch, OpenReader, Reader, Standing, Store, Stored};
use kandeng_ledger::{
    Append, AppendError, Checkpoint, EventError, Leaf, Ledger, Part, StoreError, StreamName,
};
use uuid::Uuid;

use crate::append::fill;
use crate::support::{command, key, occasion, one, passed_on};
use crate::{Home, runtime, verified};

/// A store that takes the ledger only when it is told to, and whose commits fail as often as that.
struct Troubled {
    store: Box<dyn Store>,
    go: mpsc::Receiver<bool>,
    fails: bool,
}

impl Store for Troubled {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        // Once the sender is gone nothing is held and nothing fails any more.
        self.fails = self.go.recv().unwrap_or(false);
        self.store.begin(streams, commands)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails {
            self.store.rollback();
            return Err(StoreError::Database {
                store: "test",
                problem: "injected".to_owned(),
                full: true,
            });
        }
        self.store.commit(batch)
    }

    passed_on!();

    fn opener(&self) -> OpenReader {
        self.store.opener()
    }
}

pub fn nobody_is_told_of_what_was_not_kept(home: &dyn Home) {
    let (hold, go) = mpsc::channel();
    let store = Troubled {
        store: home.store(),
        go,
        fails: false,
    };
    let ledger = Ledger::start(store, key()).unwrap();
    let twice = |stream| Append {
        occasion: command(7),
        ..one(stream, 0)
    };
    runtime().block_on(async {
        let send = |append: Append| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.append_all(append).await })
        };
        // The first is with the writer alone; the others share the batch after it, which fails.
        let first = send(one(99, 0));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let rest = [send(twice(1)), send(twice(2)), send(one(1, 0))];
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        hold.send(false).unwrap();
        hold.send(true).unwrap();
        first.await.unwrap().unwrap();
        for told in rest {
            let told = told.await.unwrap().unwrap_err();
            // Neither "carried out before" nor "somebody was first": nobody was.
            assert!(matches!(told, AppendError::Store(_)), "{told}");
        }
        drop(hold);
        ledger.append_all(twice(1)).await.unwrap();
        let told = ledger.append_all(twice(2)).await.unwrap_err();
        assert!(matches!(told, AppendError::Repeated { first: 1, count: 1 }));
    });
    ledger.close();
    assert_eq!(verified(home).entries, 2);
}

pub fn what_is_not_there_cannot_be_erased(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 3);
    let runtime = runtime();
    let erase =
        |position| runtime.block_on(ledger.erase(occasion(), position, Part::Payload, "test"));
    // Nor can the event that tells of it.
    for position in [3, 4, 1 << 50] {
        let told = erase(position).unwrap_err();
        assert!(
            matches!(told, AppendError::Event(EventError::NoEntry(at)) if at == position),
            "{told}"
        );
    }
    erase(2).unwrap();
    ledger.close();
    let report = verified(home);
    assert_eq!((report.entries, report.erased), (4, 1));
}

type Between = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// A store whose readers let something happen once a checkpoint was read.
struct Overtaken {
    store: Box<dyn Store>,
    between: Between,
}

impl Store for Overtaken {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        self.store.begin(streams, commands)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.store.commit(batch)
    }

    passed_on!();

    fn opener(&self) -> OpenReader {
        let (open, between) = (self.store.opener(), self.between.clone());
        Box::new(move || {
            Ok(Box::new(Late {
                reader: open()?,
                between: between.clone(),
            }))
        })
    }
}

struct Late {
    reader: Box<dyn Reader>,
    between: Between,
}

impl Reader for Late {
    fn checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        let found = self.reader.checkpoint();
        let between = self.between.lock().unwrap().take();
        if let Some(happens) = between {
            happens();
        }
        found
    }

    fn checkpoints(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        self.reader.checkpoints(size, limit)
    }

    fn entries(&mut self, position: u64, limit: usize) -> Result<Vec<Stored>, StoreError> {
        self.reader.entries(position, limit)
    }

    fn stream(
        &mut self,
        stream: &StreamName,
        version: u64,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.reader.stream(stream, version, limit)
    }

    fn leaves(&mut self, position: u64, limit: usize) -> Result<Vec<Leaf>, StoreError> {
        self.reader.leaves(position, limit)
    }

    fn tile(&mut self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.tile(level, number)
    }

    fn cosigned(&mut self, size: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        self.reader.cosigned(size, limit)
    }

    fn newest_cosigned(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        self.reader.newest_cosigned()
    }

    fn commands(
        &mut self,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, u64, u64)>, StoreError> {
        self.reader.commands(after, limit)
    }

    fn command(&mut self, id: Uuid) -> Result<Option<(u64, u64)>, StoreError> {
        self.reader.command(id)
    }
}

pub fn a_node_can_start_while_another_appends(home: &dyn Home) {
    let other = home.open();
    fill(&other, 300);
    let appending = other.clone();
    let between: Between = Arc::new(Mutex::new(Some(Box::new(move || {
        for version in 0..3 {
            appending.append_all_blocking(one(500, version)).unwrap();
        }
    }))));
    let store = Overtaken {
        store: home.store(),
        between,
    };
    let ledger = Ledger::start(store, key()).unwrap();
    assert_eq!(ledger.checkpoint().unwrap().size, 303);
    ledger.append_all_blocking(one(500, 3)).unwrap();
    ledger.close();
    other.close();
    assert_eq!(verified(home).entries, 304);
}

/// A node that was alone expects to find the ledger as it left it. Whoever appended meanwhile is noticed by the
/// streams, by the commands and by the positions alike, and nobody is refused for what is not so.
pub fn a_node_that_was_alone_notices_the_other(home: &dyn Home) {
    let (here, there) = (home.open(), home.open());
    let with = |id, stream, version| Append {
        occasion: command(id),
        ..one(stream, version)
    };
    for version in 0..4 {
        here.append_all_blocking(one(1, version)).unwrap();
    }
    // The same stream: here is one behind, and is told so; or is thought to be ahead, and is not.
    there.append_all_blocking(one(1, 4)).unwrap();
    let told = here.append_all_blocking(one(1, 4)).unwrap_err();
    assert!(
        matches!(told, AppendError::Conflict { actual: 5, .. }),
        "{told}"
    );
    here.append_all_blocking(one(1, 5)).unwrap();
    here.append_all_blocking(one(1, 6)).unwrap();
    there.append_all_blocking(one(1, 7)).unwrap();
    here.append_all_blocking(one(1, 8)).unwrap();
    // The same command.
    here.append_all_blocking(one(1, 9)).unwrap();
    there.append_all_blocking(with(5, 2, 0)).unwrap();
    let told = here.append_all_blocking(with(5, 1, 10)).unwrap_err();
    assert!(
        matches!(
            told,
            AppendError::Repeated {
                first: 10,
                count: 1
            }
        ),
        "{told}"
    );
    // One of its own, long done.
    here.append_all_blocking(with(6, 1, 10)).unwrap();
    here.append_all_blocking(one(1, 11)).unwrap();
    let told = here.append_all_blocking(with(6, 1, 12)).unwrap_err();
    assert!(
        matches!(
            told,
            AppendError::Repeated {
                first: 11,
                count: 1
            }
        ),
        "{told}"
    );
    // Another stream, so that positions alone are in the way.
    here.append_all_blocking(one(1, 12)).unwrap();
    there.append_all_blocking(one(3, 0)).unwrap();
    let appended = here.append_all_blocking(one(1, 13)).unwrap();
    assert_eq!((appended.positions, appended.signed_at), (15..16, 16));
    here.close();
    there.close();
    assert_eq!(verified(home).entries, 16);
}
