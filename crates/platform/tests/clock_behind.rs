//! A clock that lies behind what the ledger has seen, and a reserve that was given up: what the loop still does.

#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use kandeng_ledger::StoreError;
use kandeng_platform::{Clock as _, CommandError, Platform};
use support::{Door, Node, Open, block_on};
use uuid::Uuid;

fn open(number: u128) -> Open {
    Open {
        id: Uuid::from_u128(number),
        name: format!("door {number}"),
        minutes: 60,
    }
}

async fn opened(platform: &Platform, node: &Node, number: u128) {
    let (id, cx) = (Uuid::from_u128(number), node.cx());
    platform
        .carry_out::<Door, _>(id, open(number), &cx)
        .await
        .unwrap();
}

#[test]
fn a_clock_that_lies_behind_the_ledger_is_known_also_after_a_start() {
    let node = Node::new();
    let right = node.clock.now();
    let platform = node.open();
    assert_eq!(platform.clock_behind(), None);
    block_on(async {
        opened(&platform, &node, 1).await;
        // As much as clocks of several nodes differ.
        node.clock.set(right - SignedDuration::from_secs(50));
        assert_eq!(platform.clock_behind(), None);
        let back = right - SignedDuration::from_hours(24);
        node.clock.set(back);
        assert_eq!(platform.clock_behind(), Some((back, right)));
        // It goes on, and what was decided meanwhile does not make it forget.
        opened(&platform, &node, 2).await;
        assert_eq!(platform.clock_behind(), Some((back, right)));
    });
    platform.close();
    let platform = node.open();
    let back = node.clock.now();
    assert_eq!(platform.clock_behind(), Some((back, right)));
    node.clock.set(right + SignedDuration::from_secs(1));
    assert_eq!(platform.clock_behind(), None);
    platform.close();
}

#[test]
fn without_room_nothing_is_decided_but_a_reading_leaves_its_trace() {
    let node = Node::new();
    let platform = node.open();
    let reserve = platform.database().with_file_name("reserve");
    platform.room().keep(reserve.clone(), 1 << 16);
    platform.room().ran_out();
    block_on(async {
        let id = Uuid::from_u128(1);
        let refused = platform.carry_out::<Door, _>(id, open(1), &node.cx()).await;
        // As a disk that is full: what works in the background waits for it.
        assert!(matches!(
            refused,
            Err(CommandError::Store(StoreError::Database { full: true, .. }))
        ));
        let cx = node.cx();
        platform
            .note_reading(id, "door", "round", &cx)
            .await
            .unwrap();
        assert!(platform.room().look() && reserve.exists());
        opened(&platform, &node, 1).await;
    });
    platform.close();
}
