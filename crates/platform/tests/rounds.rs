//! The loops of a node outlive a bad hour of the store, and end where nothing can be mended.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use kandeng_ledger::StoreError;
use kandeng_platform::rounds::rounds;
use kandeng_platform::{Clock as _, CommandError};
use support::Node;

fn full() -> CommandError {
    CommandError::Store(StoreError::Database {
        store: "SQLite",
        problem: "database or disk is full".to_owned(),
        full: true,
    })
}

#[tokio::test]
async fn a_full_disk_is_waited_out() {
    let node = Node::new();
    let platform = node.open();
    let count = AtomicUsize::new(0);
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let all = rounds(&platform, || async {
        let nth = count.fetch_add(1, Ordering::SeqCst);
        told.send(nth).unwrap();
        // Full for two rounds, then there is room again and nothing to do.
        if nth < 2 { Err(full()) } else { Ok(None) }
    });
    let test = async {
        assert_eq!(tells.recv().await, Some(0));
        for nth in 1..=2 {
            // Nothing is tried before its time: a full disk is not written to in a loop.
            tokio::task::yield_now().await;
            assert!(tells.try_recv().is_err());
            node.clock
                .set(node.clock.now() + SignedDuration::from_secs(60));
            assert_eq!(tells.recv().await, Some(nth));
        }
        tokio::task::yield_now().await;
        assert!(tells.try_recv().is_err());
    };
    tokio::select! {
        ended = all => panic!("the loop ended: {ended:?}"),
        () = test => {}
    }
}

#[tokio::test]
async fn what_no_waiting_mends_ends_them() {
    let node = Node::new();
    let platform = node.open();
    let ended = rounds(&platform, || async {
        Err(CommandError::Store(StoreError::Damaged {
            position: 7,
            problem: "the leaf says otherwise".to_owned(),
        }))
    })
    .await;
    assert!(matches!(
        ended,
        Err(CommandError::Store(StoreError::Damaged { position: 7, .. }))
    ));
}
