//! The read model: filled in the same transaction, and what happens when it refuses an event.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::{Append, AppendError, Ledger, NewEvent, Write, verify};
use serde_json::json;
use support::{Place, Sums, command, key, noted, occasion, one, project, rebuilt, sums, trust};

fn open(place: &Place) -> Ledger {
    let store = Sqlite::open(&place.path(), Some(Box::new(Sums))).unwrap();
    Ledger::start(store, key()).unwrap()
}

#[test]
fn the_read_model_has_what_was_acknowledged() {
    let place = Place::new();
    let ledger = open(&place);
    for version in 0..5 {
        ledger.append_all_blocking(one(1, version)).unwrap();
        let (_, events, sum) = sums(&place.attack()).remove(0);
        assert_eq!(
            (events, sum),
            (version as i64 + 1, (0..=version as i64).sum())
        );
    }
    assert_eq!(sums(&place.attack()), rebuilt(&mut place.reader()));
}

#[test]
fn an_event_that_the_read_model_refuses_is_not_appended_and_takes_no_other_with_it() {
    let place = Place::new();
    let ledger = open(&place);
    let refused = |number| Append {
        occasion: command(number),
        writes: vec![Write {
            stream: project(1_000 + number),
            expected: 0,
            events: vec![noted(1), NewEvent::new("noted", 1, json!({"no": "number"}))],
        }],
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..200_u128 {
            let ledger = ledger.clone();
            let append = if number % 7 == 3 {
                refused(number)
            } else {
                one(number, 0)
            };
            writers.spawn(async move { (number, ledger.append_all(append).await) });
        }
        while let Some(done) = writers.join_next().await {
            let (number, result) = done.unwrap();
            match result {
                Ok(_) => assert_ne!(number % 7, 3),
                Err(AppendError::Projection(problem)) => {
                    assert_eq!(number % 7, 3);
                    assert_eq!(problem, "there is no number");
                }
                Err(other) => panic!("{other}"),
            }
        }
    });
    // A refused command was not carried out: with the fault mended it may come again.
    let mended = Append {
        occasion: command(3),
        ..one(3_000, 0)
    };
    ledger.append_all_blocking(mended).unwrap();
    assert_eq!(sums(&place.attack()), rebuilt(&mut place.reader()));
    ledger.close();
    let report = verify(&mut place.reader(), &trust(), &[], &mut |_, _| {}).unwrap();
    assert_eq!(report.entries, 200 - 29 + 1);
    let _ = occasion();
}
