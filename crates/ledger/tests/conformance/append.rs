//! Appending: positions, versions, conflicts, repeated commands, all or nothing, a full queue.

use std::sync::mpsc;

use kandeng_ledger::store::{Batch, OpenReader, Standing, Store};
use kandeng_ledger::{
    Append, AppendError, EventError, Ledger, MAX_PAYLOAD, NewEvent, StoreError, StreamName, Write,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use uuid::Uuid;

use crate::support::{command, key, noted, occasion, one, passed_on, project, trust};
use crate::{Home, runtime, verified};

pub fn fill(ledger: &Ledger, count: u64) {
    for number in 0..count {
        let append = one(u128::from(number / 10), number % 10);
        ledger.append_all_blocking(append).unwrap();
    }
}

pub fn what_was_appended_is_read_again_in_order(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 25);
    ledger.close();
    let ledger = home.open();
    let all = ledger.read_from(0, 100).unwrap();
    let positions: Vec<_> = all.iter().map(|event| event.position).collect();
    assert_eq!(positions, (0..25).collect::<Vec<_>>());
    let second = ledger.read_stream(&project(1), 0).unwrap();
    assert_eq!(second.len(), 10);
    assert_eq!((second[3].version, second[3].position), (3, 13));
    assert_eq!(second[3].payload, Some(json!({"number": 3})));
    let envelope = second[3].envelope.as_ref().unwrap();
    assert_eq!(envelope.at, occasion().at);
    assert_eq!(envelope.jurisdiction, "990121");
    assert_eq!(ledger.read_stream(&project(1), 8).unwrap().len(), 2);
    assert_eq!(ledger.read_stream(&project(99), 0).unwrap(), []);
}

pub fn whoever_comes_second_is_told_where_the_stream_stands(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 3);
    let error = ledger.append_all_blocking(one(0, 2)).unwrap_err();
    assert!(matches!(
        error,
        AppendError::Conflict { expected: 2, actual: 3, ref stream } if *stream == project(0)
    ));
    let error = ledger.append_all_blocking(one(0, 4)).unwrap_err();
    assert!(matches!(error, AppendError::Conflict { actual: 3, .. }));
    let appended = ledger.append_all_blocking(one(0, 3)).unwrap();
    assert_eq!(appended.positions, 3..4);
}

pub fn a_command_is_carried_out_once(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 3);
    let append = Append {
        occasion: command(77),
        ..one(5, 0)
    };
    let appended = ledger.append_all_blocking(append.clone()).unwrap();
    assert_eq!(appended.positions, 3..4);
    let repeated = |error| matches!(error, AppendError::Repeated { first: 3, count: 1 });
    assert!(repeated(ledger.append_all_blocking(append).unwrap_err()));
    // Also when it asks for something else, and after a restart.
    ledger.close();
    let ledger = home.open();
    let other = Append {
        occasion: command(77),
        ..one(6, 0)
    };
    assert!(repeated(ledger.append_all_blocking(other).unwrap_err()));
    let id = command(77).command.unwrap();
    assert_eq!(ledger.command(id).unwrap(), Some((3, 1)));
    assert_eq!(ledger.command(Uuid::from_u128(78)).unwrap(), None);
}

pub fn several_streams_are_appended_together_or_not_at_all(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 1);
    let write = |number, expected, count| Write {
        stream: project(number),
        expected,
        events: (0..count).map(noted).collect(),
    };
    let both = |second| Append {
        occasion: occasion(),
        writes: vec![write(1, 0, 2), write(0, second, 1), write(1, 2, 1)],
    };
    assert!(ledger.append_all_blocking(both(0)).is_err());
    assert_eq!(ledger.read_from(0, 9).unwrap().len(), 1);
    let appended = ledger.append_all_blocking(both(1)).unwrap();
    assert_eq!((appended.positions, appended.signed_at), (1..5, 5));
    assert_eq!(ledger.read_stream(&project(1), 0).unwrap().len(), 3);
}

pub fn what_is_refused_leaves_nothing_and_takes_no_other_with_it(home: &dyn Home) {
    let ledger = home.open();
    let with = |event| Append {
        occasion: command(9),
        writes: vec![Write {
            stream: project(0),
            expected: 0,
            events: vec![noted(0), event],
        }],
    };
    let large = NewEvent::new("noted", 1, json!("x".repeat(MAX_PAYLOAD)));
    let error = ledger.append_all_blocking(with(large)).unwrap_err();
    assert!(matches!(
        error,
        AppendError::Event(EventError::TooLarge { .. })
    ));
    let number = NewEvent::new("noted", 1, json!(u64::MAX));
    let error = ledger.append_all_blocking(with(number)).unwrap_err();
    assert!(matches!(error, AppendError::Event(EventError::Number(_))));
    assert_eq!(ledger.checkpoint(), None);
    assert_eq!(ledger.read_from(0, 9).unwrap(), []);
    // Conflicts among others of one batch: only they fail.
    runtime().block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..300_u128 {
            let ledger = ledger.clone();
            let expected = u64::from(number % 7 == 3);
            writers.spawn(async move {
                let result = ledger.append_all(one(1_000 + number, expected)).await;
                assert_eq!(result.is_err(), number % 7 == 3, "{number}");
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
    });
    ledger.close();
    assert_eq!(verified(home).entries, 300 - 43);
}

pub fn what_is_acknowledged_is_under_a_signed_tree(home: &dyn Home) {
    let ledger = home.open();
    for number in 0..600_u64 {
        let appended = ledger
            .append_all_blocking(one(u128::from(number), 0))
            .unwrap();
        assert_eq!(appended.positions, number..number + 1);
        let newest = trust().verify(&ledger.checkpoint().unwrap().note).unwrap();
        assert_eq!(newest.checkpoint.size, appended.signed_at);
    }
    ledger.close();
    let report = verified(home);
    assert_eq!((report.entries, report.tiles), (600, 2));
}

/// A store that takes the ledger only when it is told to.
struct Held {
    store: Box<dyn Store>,
    go: mpsc::Receiver<()>,
}

impl Store for Held {
    fn begin(&mut self, streams: &[StreamName], commands: &[Uuid]) -> Result<Standing, StoreError> {
        // Once the sender is gone nothing is held any more.
        let _ = self.go.recv();
        self.store.begin(streams, commands)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.store.commit(batch)
    }

    passed_on!();

    fn opener(&self) -> OpenReader {
        self.store.opener()
    }
}

pub fn a_full_queue_is_said_at_once_and_loses_nothing(home: &dyn Home) {
    let (hold, go) = mpsc::channel();
    let store = home.store();
    let ledger = Ledger::start(Held { store, go }, key()).unwrap();
    let mut waiting = Vec::new();
    let mut busy = 0;
    // One batch is with the writer, the queue holds the rest.
    let runtime = runtime();
    for number in 0..6_000_u128 {
        let mut append = Box::pin(ledger.append_all(one(number, 0)));
        let first = runtime.block_on(async {
            std::future::poll_fn(|context| {
                std::task::Poll::Ready(match append.as_mut().poll(context) {
                    std::task::Poll::Ready(result) => Some(result),
                    std::task::Poll::Pending => None,
                })
            })
            .await
        });
        match first {
            None => waiting.push(append),
            Some(Err(AppendError::Busy(queue))) => {
                assert_eq!(queue, 4_096);
                busy += 1;
            }
            Some(other) => panic!("{other:?}"),
        }
    }
    assert!(
        busy > 0 && waiting.len() >= 4_096,
        "{busy} {}",
        waiting.len()
    );
    drop(hold);
    let count = waiting.len() as u64;
    runtime.block_on(async {
        for append in waiting {
            append.await.unwrap();
        }
    });
    ledger.close();
    assert_eq!(verified(home).entries, count);
}

pub fn any_interleaving_gives_positions_without_gaps(home: &dyn Home) {
    let ledger = home.open();
    let mut size = 0;
    let mut round = 0_u128;
    let mut runner = TestRunner::new(Config::with_cases(24));
    let orders = proptest::collection::vec((0..5_u128, 1..4_usize), 1..40);
    let positions = std::cell::RefCell::new((&mut size, &mut round));
    runner
        .run(&orders, |order| {
            let mut positions = positions.borrow_mut();
            *positions.1 += 1;
            let first = *positions.1 * 10;
            let mut versions = [0_u64; 5];
            for (stream, count) in order {
                let append = Append {
                    occasion: occasion(),
                    writes: vec![Write {
                        stream: project(first + stream),
                        expected: versions[stream as usize],
                        events: (0..count as u64).map(noted).collect(),
                    }],
                };
                let appended = ledger.append_all_blocking(append).unwrap();
                let start = *positions.0;
                prop_assert_eq!(appended.positions.clone(), start..start + count as u64);
                *positions.0 = appended.positions.end;
                versions[stream as usize] += count as u64;
            }
            for (stream, count) in versions.into_iter().enumerate() {
                let stream = project(first + stream as u128);
                let read = ledger.read_stream(&stream, 0).unwrap();
                let found: Vec<_> = read.iter().map(|event| event.version).collect();
                prop_assert_eq!(found, (0..count).collect::<Vec<_>>());
            }
            Ok(())
        })
        .unwrap();
    ledger.close();
    assert_eq!(verified(home).entries, size);
}
