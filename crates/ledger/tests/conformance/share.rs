//! Many writers on one node, and several nodes on one ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kandeng_ledger::{Append, AppendError, Ledger};
use uuid::Uuid;

use crate::append::fill;
use crate::support::{command, one, project};
use crate::{Home, runtime, verified};

pub fn writers_at_once_share_commits_and_lose_nothing(home: &dyn Home) {
    let ledger = home.open();
    runtime().block_on(async {
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
    let report = verified(home);
    assert_eq!(report.entries, 64 * 50);
    assert!(
        report.checkpoints < report.entries / 2,
        "{} checkpoints",
        report.checkpoints
    );
}

pub fn another_node_may_append_in_between(home: &dyn Home) {
    let (one_node, other) = (home.open(), home.open());
    fill(&one_node, 5);
    let appended = other.append_all_blocking(one(100, 0)).unwrap();
    assert_eq!((appended.positions, appended.signed_at), (5..6, 6));
    // The first node's idea of the stream and of the tree is old.
    let conflict = one_node.append_all_blocking(one(100, 0)).unwrap_err();
    assert!(matches!(conflict, AppendError::Conflict { actual: 1, .. }));
    let appended = one_node.append_all_blocking(one(100, 1)).unwrap();
    assert_eq!((appended.positions, appended.signed_at), (6..7, 7));
    // A command that one node carried out is known to the other.
    let once = |stream| Append {
        occasion: command(5),
        ..one(stream, 0)
    };
    other.append_all_blocking(once(200)).unwrap();
    let repeated = one_node.append_all_blocking(once(201)).unwrap_err();
    assert!(matches!(
        repeated,
        AppendError::Repeated { first: 7, count: 1 }
    ));
    // Over the edge of a tile, one after the other.
    for number in 0..300 {
        let node = if number % 3 == 0 { &one_node } else { &other };
        node.append_all_blocking(one(1_000 + number, 0)).unwrap();
    }
    one_node.close();
    other.close();
    assert_eq!(verified(home).entries, 308);
}

pub fn a_follower_hears_of_another_node(home: &dyn Home) {
    if !home.hears() {
        return;
    }
    let (one_node, other) = (home.open(), home.open());
    runtime().block_on(async {
        let mut follower = one_node.follow(0);
        for version in 0..20 {
            other.append_all(one(1, version)).await.unwrap();
            let heard = tokio::time::timeout(Duration::from_secs(20), follower.next()).await;
            let heard = heard.expect("it was not heard of").unwrap().unwrap();
            assert_eq!(heard.len(), 1);
            assert_eq!(
                (heard[0].position, &heard[0].stream),
                (version, &project(1))
            );
        }
    });
}

/// Writers of one node, each adding its own mark to the same streams until it has made `count`.
async fn contend(ledger: Ledger, node: u128, count: u128) -> u64 {
    let mut writers = tokio::task::JoinSet::new();
    let conflicts = Arc::new(std::sync::atomic::AtomicU64::new(0));
    for writer in 0..4_u128 {
        let (ledger, conflicts) = (ledger.clone(), conflicts.clone());
        writers.spawn(async move {
            for number in 0..count {
                let id = (node << 64) + (writer << 32) + number;
                let stream = number % 3;
                loop {
                    let version = ledger.read_stream(&project(stream), 0).unwrap().len() as u64;
                    let append = Append {
                        occasion: command(id),
                        ..one(stream, version)
                    };
                    match ledger.append_all(append).await {
                        Ok(_) => break,
                        Err(AppendError::Conflict { .. }) => {
                            conflicts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    conflicts.load(std::sync::atomic::Ordering::Relaxed)
}

pub fn two_nodes_on_the_same_streams_lose_and_double_nothing(home: &dyn Home) {
    const EACH: u128 = 40;
    let nodes = [home.open(), home.open()];
    let conflicts = runtime().block_on(async {
        let [first, second] = nodes.clone();
        let (first, second) = tokio::join!(
            tokio::spawn(contend(first, 1, EACH)),
            tokio::spawn(contend(second, 2, EACH))
        );
        first.unwrap() + second.unwrap()
    });
    assert!(conflicts > 0, "there was no contention");
    for node in nodes {
        node.close();
    }
    let ledger = home.open();
    // Every command once, every version of every stream once.
    let mut made: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut versions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in ledger.read_from(0, 10_000).unwrap() {
        *made
            .entry(event.envelope.unwrap().command.unwrap())
            .or_default() += 1;
        versions
            .entry(event.stream.to_string())
            .or_default()
            .push(event.version);
    }
    assert_eq!(made.len() as u128, 2 * 4 * EACH);
    assert!(made.values().all(|times| *times == 1));
    for versions in versions.values() {
        assert_eq!(*versions, (0..versions.len() as u64).collect::<Vec<_>>());
    }
    ledger.close();
    assert_eq!(u128::from(verified(home).entries), 2 * 4 * EACH);
}
