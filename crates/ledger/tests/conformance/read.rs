//! Reading: pages, exact bytes, following.

use std::collections::BTreeMap;

use kandeng_ledger::{Append, NewEvent, Write, canonical};
use serde_json::json;
use uuid::Uuid;

use crate::append::fill;
use crate::support::{command, occasion, one, project};
use crate::{Home, runtime, verified};

pub fn pages_and_limits_give_each_entry_once(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 47);
    for limit in [1, 7, 46, 47, 48, 1_000] {
        let mut found = Vec::new();
        loop {
            let page = ledger.read_from(found.len() as u64, limit).unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            found.extend(page.iter().map(|event| event.position));
        }
        assert_eq!(found, (0..47).collect::<Vec<_>>(), "{limit} at once");
    }
    assert_eq!(ledger.read_from(47, 10).unwrap(), []);
    // A stream longer than a page.
    let long = Append {
        occasion: occasion(),
        writes: vec![Write {
            stream: project(500),
            expected: 0,
            events: (0..2_500)
                .map(|number| NewEvent::new("noted", 1, json!(number)))
                .collect(),
        }],
    };
    ledger.append_all_blocking(long).unwrap();
    let stream = ledger.read_stream(&project(500), 3).unwrap();
    let payloads: Vec<_> = stream
        .iter()
        .map(|event| event.payload.clone().unwrap())
        .collect();
    assert_eq!(
        payloads,
        (3..2_500).map(|number| json!(number)).collect::<Vec<_>>()
    );
}

pub fn bytes_come_back_as_they_were_committed_to(home: &dyn Home) {
    let ledger = home.open();
    let payloads = [
        json!({}),
        json!([]),
        json!(null),
        json!(""),
        json!("剑阁县 \u{1f3ee} \u{0} \u{7f} \\ \" '"),
        json!({"b": 1.5e-7, "a": {"é": [true, -0.25]}}),
        json!("x".repeat(64 * 1024 - 2)),
    ];
    let append = Append {
        occasion: occasion(),
        writes: vec![Write {
            stream: project(1),
            expected: 0,
            events: payloads
                .iter()
                .map(|payload| NewEvent::new("noted", 1, payload.clone()))
                .collect(),
        }],
    };
    ledger.append_all_blocking(append).unwrap();
    ledger.close();
    let ledger = home.open();
    let stored = ledger.stored_from(0, 100).unwrap();
    for (stored, payload) in stored.iter().zip(&payloads) {
        assert_eq!(
            stored.payload.as_ref().unwrap().bytes,
            canonical(payload).unwrap()
        );
    }
    assert_eq!(stored.len(), payloads.len());
    ledger.close();
    assert_eq!(verified(home).entries, payloads.len() as u64);
}

pub fn commands_are_listed_once_each(home: &dyn Home) {
    let ledger = home.open();
    let mut expected = BTreeMap::new();
    for number in 0..20_u64 {
        // Ids whose order is not that of their positions.
        let id = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let append = Append {
            occasion: command(id),
            ..one(u128::from(number), 0)
        };
        ledger.append_all_blocking(append).unwrap();
        expected.insert(Uuid::from_u128(id), (number, 1));
    }
    for limit in [1, 6, 20, 100] {
        let mut found = BTreeMap::new();
        let mut after = None;
        loop {
            let page = ledger.read(|reader| reader.commands(after, limit)).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.0);
            for (id, first, count) in page {
                assert_eq!(found.insert(id, (first, count)), None);
            }
        }
        assert_eq!(found, expected, "{limit} at once");
    }
}

pub fn who_follows_sees_everything_once_and_what_comes_later(home: &dyn Home) {
    let ledger = home.open();
    fill(&ledger, 12);
    runtime().block_on(async {
        let mut follower = ledger.follow(5);
        let seen = follower.next().await.unwrap().unwrap();
        let positions: Vec<_> = seen.iter().map(|event| event.position).collect();
        assert_eq!(positions, (5..12).collect::<Vec<_>>());
        let later = {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.append_all(one(50, 0)).await.unwrap() })
        };
        let seen = follower.next().await.unwrap().unwrap();
        assert_eq!(seen[0].position, 12);
        later.await.unwrap();
    });
}
