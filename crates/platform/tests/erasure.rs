//! What is erased from the ledger is erased from the read model with it, and from the files of both.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::{Occasion, Part};
use kandeng_platform::{Clock as _, Platform};
use support::{Close, Door, LeaveOpen, Node, Open, block_on, rows};
use uuid::Uuid;

const SECRET: &str = "the door of the aunt in the third house";

async fn open_door(node: &Node, platform: &Platform, number: u128, name: &str) {
    let id = Uuid::from_u128(number);
    let open = Open {
        id,
        name: name.to_owned(),
        minutes: 60,
    };
    platform
        .carry_out::<Door, _>(id, open, &node.cx())
        .await
        .unwrap();
}

/// Three doors, of which the second has the name, and what happened to them since.
async fn doors(node: &Node, platform: &Platform) {
    open_door(node, platform, 1, "front").await;
    open_door(node, platform, 2, SECRET).await;
    open_door(node, platform, 3, "back").await;
    for number in [1, 2] {
        let id = Uuid::from_u128(number);
        platform
            .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
            .await
            .unwrap();
    }
    let id = Uuid::from_u128(1);
    platform
        .carry_out::<Door, _>(id, Close(id), &node.cx())
        .await
        .unwrap();
}

async fn erase_the_name(node: &Node, platform: &Platform) {
    let events = platform.ledger().read_from(0, 100).unwrap();
    let named = events.iter().find(|event| {
        let payload = event.payload.as_ref();
        payload.is_some_and(|payload| payload.to_string().contains(SECRET))
    });
    let occasion = Occasion {
        at: node.clock.now(),
        actor: Uuid::from_u128(1),
        jurisdiction: "990121".to_owned(),
        command: None,
    };
    let position = named.unwrap().position;
    let erase = platform
        .ledger()
        .erase(occasion, position, Part::Payload, "asked");
    erase.await.unwrap();
}

/// Whether the name stands in any file of the folder, also where no row points any more.
fn stands_in_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes
            .windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes())
    })
}

/// What the tables hold, but for the clock of the projection.
fn all(platform: &Platform) -> Vec<Vec<String>> {
    ["doors", "deadlines", "notices", "read_model"]
        .map(|table| rows(platform, table))
        .into()
}

#[test]
fn an_erased_payload_leaves_the_read_model_in_the_same_moment_and_the_rest_stays() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        doors(&node, &platform).await;
        assert!(rows(&platform, "doors")[1].contains(SECRET));
        assert!(stands_in_files(node.folder()));
        erase_the_name(&node, &platform).await;
    });
    let now = rows(&platform, "doors");
    assert!(!now.iter().any(|row| row.contains(SECRET)), "{now:?}");
    assert!(now.iter().any(|row| row.contains("back")));
    assert!(!stands_in_files(node.folder()));
    // It goes on from there, and is what a rebuild makes.
    block_on(open_door(&node, &platform, 4, "side"));
    let here = all(&platform);
    drop(platform);
    let beside = Node::beside(&node);
    let ledger = Sqlite::open(&node.database(), None).unwrap();
    let rebuilt = beside.open_elsewhere(ledger);
    assert_eq!(all(&rebuilt), here);
}

#[test]
fn a_node_that_follows_a_ledger_elsewhere_forgets_too_and_does_so_once() {
    let node = Node::new();
    let shared = tempfile::tempdir().unwrap();
    let path = shared.path().join("ledger.db");
    let platform = node.open_elsewhere(Sqlite::open(&path, None).unwrap());
    block_on(async {
        doors(&node, &platform).await;
        assert!(stands_in_files(node.folder()));
        erase_the_name(&node, &platform).await;
        platform.see_all().await.unwrap();
    });
    let now = rows(&platform, "doors");
    assert!(!now.iter().any(|row| row.contains(SECRET)), "{now:?}");
    let until = Instant::now() + Duration::from_secs(20);
    while stands_in_files(node.folder()) {
        assert!(Instant::now() < until, "it still stands in a file");
        std::thread::sleep(Duration::from_millis(20));
    }
    let here = all(&platform);
    drop(platform);
    // Whoever was away when it was erased forgets when it comes back; whoever starts afresh never knew.
    let fresh = Node::beside(&node);
    let fresh = fresh.open_elsewhere(Sqlite::open(&path, None).unwrap());
    assert_eq!(all(&fresh), here);
}

#[test]
fn a_node_that_was_away_forgets_when_it_comes_back() {
    let shared = tempfile::tempdir().unwrap();
    let path = shared.path().join("ledger.db");
    let (here, away) = (Node::new(), Node::new());
    let store = || Sqlite::open(&path, None).unwrap();
    let platform = here.open_elsewhere(store());
    block_on(doors(&here, &platform));
    drop(platform);
    drop(away.open_elsewhere(store()));
    assert!(stands_in_files(away.folder()));
    let platform = here.open_elsewhere(store());
    block_on(erase_the_name(&here, &platform));
    drop(platform);
    let back = away.open_elsewhere(store());
    assert!(!rows(&back, "doors").iter().any(|row| row.contains(SECRET)));
    drop(back);
    assert!(!stands_in_files(away.folder()));
}

#[test]
fn a_person_stays_erased_also_when_the_reason_is_erased_from_the_ledger() {
    let node = Node::new();
    let platform = node.open();
    let master = kandeng_platform::vault::MasterKey::generate().unwrap();
    let vault = platform.open_vault(&node.folder().join("people.db"), master);
    block_on(async {
        let person = Uuid::from_u128(7);
        platform
            .erase_person(&vault.unwrap(), person, SECRET, &node.cx())
            .await
            .unwrap();
        erase_the_name(&node, &platform).await;
        assert_eq!(rows(&platform, "erased_people"), [person.to_string()]);
    });
}
