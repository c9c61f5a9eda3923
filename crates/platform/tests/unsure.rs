//! What is in the ledger although the node cannot say so is never taken for what was not carried out.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_platform::{CommandError, Platform, Refusal};
use support::{Door, Node, Open, block_on};
use uuid::Uuid;

async fn open_door(node: &Node, platform: &Platform, number: u128) -> Result<(), CommandError> {
    let id = Uuid::from_u128(number);
    let open = Open {
        id,
        name: format!("door {number}"),
        minutes: 60,
    };
    let cx = node.cx();
    platform
        .carry_out::<Door, _>(id, open, &cx)
        .await
        .map(|_| ())
}

#[test]
fn an_append_that_the_read_model_does_not_take_in_is_not_one_that_left_nothing() {
    let node = Node::new();
    let shared = tempfile::tempdir().unwrap();
    let path = shared.path().join("ledger.db");
    let platform = node.open_elsewhere(Sqlite::open(&path, None).unwrap());
    assert!(platform.shares_ledger());
    block_on(async {
        open_door(&node, &platform, 1).await.unwrap();
        let size = || platform.ledger().checkpoint().unwrap().size;
        let before = size();
        let read_model = rusqlite::Connection::open(node.database()).unwrap();
        let refuses = "create trigger refuses before insert on doors \
             begin select raise(fail, 'no'); end";
        read_model.execute_batch(refuses).unwrap();
        let error = open_door(&node, &platform, 2).await.unwrap_err();
        assert!(size() > before, "it is not in the ledger: {error}");
        assert!(!error.left_nothing(), "{error}");
    });
}

#[test]
fn what_was_refused_left_nothing() {
    assert!(CommandError::from(Refusal::new("no", "不行", "no")).left_nothing());
    assert!(CommandError::Busy.left_nothing());
}
