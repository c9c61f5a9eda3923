//! Appending: positions, versions, conflicts, repeated commands, all or nothing.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::{
    Append, AppendError, EventError, Fault, MAX_PAYLOAD, NewEvent, Part, Write, verify,
};
use proptest::prelude::*;
use serde_json::json;
use support::{Place, command, filled, noted, occasion, one, project, trust};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

#[test]
fn what_was_appended_is_read_again_in_order() {
    let place = filled(25);
    let ledger = place.open();
    let all = ledger.read_from(0, 100).unwrap();
    let positions: Vec<_> = all.iter().map(|event| event.position).collect();
    assert_eq!(positions, (0..25).collect::<Vec<_>>());
    let second = ledger.read_stream(&project(1), 0).unwrap();
    assert_eq!(second.len(), 10);
    assert_eq!(second[3].version, 3);
    assert_eq!(second[3].position, 13);
    assert_eq!(second[3].payload, Some(json!({"number": 3})));
    let envelope = second[3].envelope.as_ref().unwrap();
    assert_eq!(envelope.at, occasion().at);
    assert_eq!(envelope.jurisdiction, "990121");
    assert_eq!(ledger.read_stream(&project(1), 8).unwrap().len(), 2);
    assert_eq!(ledger.read_stream(&project(99), 0).unwrap(), []);
}

#[test]
fn whoever_comes_second_is_told_where_the_stream_stands() {
    let place = filled(3);
    let ledger = place.open();
    let error = ledger.append_all_blocking(one(0, 2)).unwrap_err();
    assert!(matches!(
        error,
        AppendError::Conflict { expected: 2, actual: 3, ref stream } if *stream == project(0)
    ));
    assert!(matches!(
        ledger.append_all_blocking(one(0, 4)).unwrap_err(),
        AppendError::Conflict { actual: 3, .. }
    ));
    assert_eq!(
        ledger.append_all_blocking(one(0, 3)).unwrap().positions,
        3..4
    );
}

#[test]
fn a_command_is_carried_out_once() {
    let place = filled(3);
    let ledger = place.open();
    let append = Append {
        occasion: command(77),
        ..one(5, 0)
    };
    assert_eq!(
        ledger
            .append_all_blocking(append.clone())
            .unwrap()
            .positions,
        3..4
    );
    let repeated = |error| matches!(error, AppendError::Repeated { first: 3, count: 1 });
    assert!(repeated(
        ledger.append_all_blocking(append.clone()).unwrap_err()
    ));
    // Also when it asks for something else, and after a restart.
    ledger.close();
    let ledger = place.open();
    let other = Append {
        occasion: command(77),
        ..one(6, 0)
    };
    assert!(repeated(ledger.append_all_blocking(other).unwrap_err()));
    let id = command(77).command.unwrap();
    assert_eq!(ledger.command(id).unwrap(), Some((3, 1)));
}

#[test]
fn several_streams_are_appended_together_or_not_at_all() {
    let place = filled(1);
    let ledger = place.open();
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
    assert_eq!(appended.positions, 1..5);
    assert_eq!(appended.signed_at, 5);
    assert_eq!(ledger.read_stream(&project(1), 0).unwrap().len(), 3);
}

#[test]
fn what_cannot_be_an_entry_is_refused_before_anything_is_written() {
    let place = Place::new();
    let ledger = place.open();
    let with = |event| Append {
        occasion: occasion(),
        writes: vec![Write {
            stream: project(0),
            expected: 0,
            events: vec![noted(0), event],
        }],
    };
    let large = NewEvent::new("noted", 1, json!("x".repeat(MAX_PAYLOAD)));
    assert!(matches!(
        ledger.append_all_blocking(with(large)).unwrap_err(),
        AppendError::Event(EventError::TooLarge { .. })
    ));
    let number = NewEvent::new("noted", 1, json!(u64::MAX));
    assert!(matches!(
        ledger.append_all_blocking(with(number)).unwrap_err(),
        AppendError::Event(EventError::Number(_))
    ));
    let nothing = Append {
        occasion: occasion(),
        writes: Vec::new(),
    };
    assert!(matches!(
        ledger.append_all_blocking(nothing).unwrap_err(),
        AppendError::Event(EventError::Nothing)
    ));
    assert_eq!(ledger.checkpoint(), None);
    assert_eq!(ledger.read_from(0, 9).unwrap(), []);
}

#[test]
fn what_is_acknowledged_is_under_a_signed_tree() {
    let place = Place::new();
    let ledger = place.open();
    for number in 0..600_u64 {
        let appended = ledger
            .append_all_blocking(one(u128::from(number), 0))
            .unwrap();
        assert_eq!(appended.positions, number..number + 1);
        let newest = trust().verify(&ledger.checkpoint().unwrap().note).unwrap();
        assert_eq!(newest.checkpoint.size, appended.signed_at);
    }
    ledger.close();
    let report = verify(&mut place.reader(), &trust(), &[], &mut |_, _| {}).unwrap();
    assert_eq!((report.entries, report.tiles), (600, 2));
}

#[test]
fn writers_at_once_share_commits_and_lose_nothing() {
    let place = Place::new();
    let ledger = place.open();
    let runtime = runtime();
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..64_u128 {
            let ledger = ledger.clone();
            writers.spawn(async move {
                for version in 0..50 {
                    ledger.append_all(one(writer, version)).await.unwrap();
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
    });
    ledger.close();
    let report = verify(&mut place.reader(), &trust(), &[], &mut |_, _| {}).unwrap();
    assert_eq!(report.entries, 64 * 50);
    assert!(
        report.checkpoints < report.entries / 2,
        "{} checkpoints",
        report.checkpoints
    );
}

#[test]
fn who_follows_sees_everything_once_and_what_comes_later() {
    let place = filled(12);
    let ledger = place.open();
    let runtime = runtime();
    runtime.block_on(async {
        let mut follower = ledger.follow(5);
        let seen = follower.next().await.unwrap().unwrap();
        assert_eq!(seen.len(), 7);
        assert_eq!(seen[0].position, 5);
        let later = {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.append_all(one(50, 0)).await.unwrap() })
        };
        let seen = follower.next().await.unwrap().unwrap();
        assert_eq!(seen[0].position, 12);
        later.await.unwrap();
    });
}

#[test]
fn an_erased_payload_is_gone_and_every_proof_stays_valid() {
    let place = filled(30);
    let ledger = place.open();
    let runtime = runtime();
    let before = ledger.checkpoint().unwrap();
    let open = kandeng_ledger::Open {
        envelope: true,
        payload: true,
    };
    let receipt = ledger.receipt(7, &before, open).unwrap();
    runtime
        .block_on(ledger.erase(occasion(), 7, Part::Payload, "the person left"))
        .unwrap();
    let entry = ledger.read_from(7, 1).unwrap().remove(0);
    assert_eq!(entry.payload, None);
    assert!(entry.envelope.is_some());
    receipt.verify(&trust()).unwrap();
    let later = ledger
        .receipt(7, &ledger.checkpoint().unwrap(), open)
        .unwrap();
    assert_eq!(later.payload, None);
    later.verify(&trust()).unwrap();
    ledger.close();
    let report = verify(&mut place.reader(), &trust(), &[before], &mut |_, _| {}).unwrap();
    assert_eq!(
        (report.entries, report.erased, report.continued),
        (31, 1, 1)
    );

    // Without the event that tells of it, a missing payload is an attack.
    place
        .attack()
        .execute(
            "update ledger_entries set payload = null, payload_salt = null where position = 9",
            [],
        )
        .unwrap();
    let wrong = verify(&mut place.reader(), &trust(), &[], &mut |_, _| {}).unwrap_err();
    assert_eq!((wrong.position, wrong.fault), (9, Fault::Lost("payload")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_interleaving_gives_positions_without_gaps(
        order in proptest::collection::vec((0..5_u128, 1..4_usize), 1..60)
    ) {
        let place = Place::new();
        let ledger = place.open();
        let mut versions = [0_u64; 5];
        let mut size = 0;
        for (stream, count) in order {
            let append = Append {
                occasion: occasion(),
                writes: vec![Write {
                    stream: project(stream),
                    expected: versions[stream as usize],
                    events: (0..count as u64).map(noted).collect(),
                }],
            };
            let appended = ledger.append_all_blocking(append).unwrap();
            prop_assert_eq!(appended.positions.clone(), size..size + count as u64);
            size = appended.positions.end;
            versions[stream as usize] += count as u64;
        }
        for (stream, count) in versions.into_iter().enumerate() {
            let read = ledger.read_stream(&project(stream as u128), 0).unwrap();
            let found: Vec<_> = read.iter().map(|event| event.version).collect();
            prop_assert_eq!(found, (0..count).collect::<Vec<_>>());
        }
        ledger.close();
        let report = verify(&mut place.reader(), &trust(), &[], &mut |_, _| {}).unwrap();
        prop_assert_eq!(report.entries, size);
    }
}
