//! Opening and forgetting personal values, through the ledger.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_platform::CommandError;
use kandeng_platform::person::PersonError;
use kandeng_platform::vault::{MasterKey, Vault};
use support::{Node, block_on, rows};
use uuid::Uuid;

fn vault(node: &Node, master: &MasterKey) -> Vault {
    let keys = node.folder().join("people.db");
    Vault::open(&keys, &node.database(), master.clone()).unwrap()
}

#[test]
fn who_opens_a_value_leaves_a_trace_and_needs_a_reason() {
    let node = Node::new();
    let platform = node.open();
    let master = MasterKey::generate().unwrap();
    let vault = vault(&node, &master);
    let person = Uuid::from_u128(77);
    let reference = vault.store(person, "王桂香").unwrap();
    block_on(async {
        let without = platform
            .open_value(&vault, reference, " ", &node.cx())
            .await;
        assert!(matches!(
            without,
            Err(PersonError::Command(CommandError::Refused(why))) if why.code == "no-reason"
        ));
        assert_eq!(rows(&platform, "opened_values").len(), 0);
        let opened = platform
            .open_value(&vault, reference, "case 12", &node.cx())
            .await
            .unwrap();
        assert_eq!(opened.as_deref(), Some("王桂香"));
        let trace = rows(&platform, "opened_values");
        assert_eq!(trace.len(), 1);
        assert!(trace[0].contains(&person.to_string()) && trace[0].ends_with("case 12"));
    });
}

#[test]
fn an_erased_person_stays_erased_also_when_keys_come_back_from_a_copy() {
    let node = Node::new();
    let master = MasterKey::generate().unwrap();
    let person = Uuid::from_u128(77);
    let keys = node.folder().join("people.db");
    block_on(async {
        let platform = node.open();
        let reference = {
            let vault = vault(&node, &master);
            vault.store(person, "王桂香").unwrap()
        };
        std::fs::copy(&keys, node.folder().join("copy.db")).unwrap();
        {
            let vault = vault(&node, &master);
            platform
                .erase_person(&vault, person, "left the scene", &node.cx())
                .await
                .unwrap();
            let opened = platform
                .open_value(&vault, reference, "look", &node.cx())
                .await;
            assert_eq!(opened.unwrap(), None);
        }
        // Somebody restores the keys from before.
        std::fs::copy(node.folder().join("copy.db"), &keys).unwrap();
        drop(platform);
        let platform = node.open();
        let vault = vault(&node, &master);
        assert_eq!(platform.replay_erasures(&vault).unwrap(), 1);
        let opened = platform
            .open_value(&vault, reference, "look", &node.cx())
            .await;
        assert_eq!(opened.unwrap(), None);
        // Every proof stays valid: the ledger never held the value.
        let mut reader =
            kandeng_ledger::store::sqlite::SqliteReader::open(&node.database()).unwrap();
        let trust = platform.ledger().trust().clone();
        let report = kandeng_ledger::verify(&mut reader, &trust, &[], &mut |_, _| {}).unwrap();
        assert_eq!(report.entries, 1);
    });
}
