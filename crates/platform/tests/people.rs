//! Opening and forgetting personal values, through the ledger; and keys that come back from a backup.

#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use kandeng_platform::person::PersonError;
use kandeng_platform::vault::{KeyBackups, MasterKey, Reference, Vault, VaultError};
use kandeng_platform::{Clock as _, CommandError, Platform};
use support::{Node, block_on, rows};
use uuid::Uuid;

fn keys(node: &Node) -> std::path::PathBuf {
    node.folder().join("people.db")
}

fn vault(node: &Node, platform: &Platform, master: &MasterKey) -> Vault {
    platform.open_vault(&keys(node), master.clone()).unwrap()
}

async fn look(platform: &Platform, node: &Node, vault: &Vault, at: Reference) -> Option<String> {
    let opened = platform.open_value(vault, at, "look", &node.cx()).await;
    opened.unwrap()
}

#[test]
fn who_opens_a_value_leaves_a_trace_and_needs_a_reason() {
    let node = Node::new();
    let platform = node.open();
    let master = MasterKey::generate().unwrap();
    let vault = vault(&node, &platform, &master);
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

/// A command's first answer is given again for its id: but no value is shown and nobody is forgotten on the
/// strength of an id that was used for something else.
#[test]
fn a_command_id_that_was_used_before_opens_nothing_and_erases_nobody_in_silence() {
    let node = Node::new();
    let platform = node.open();
    let vault = vault(&node, &platform, &MasterKey::generate().unwrap());
    let (person, other) = (Uuid::from_u128(77), Uuid::from_u128(78));
    let reference = vault.store(person, "王桂香").unwrap();
    let cx = kandeng_platform::Context {
        command: Some(Uuid::from_u128(5)),
        ..node.cx()
    };
    block_on(async {
        platform
            .erase_person(&vault, other, "asked", &cx)
            .await
            .unwrap();
        for times in 1..=2 {
            let opened = platform.open_value(&vault, reference, "look", &cx).await;
            assert!(opened.unwrap().is_some());
            assert_eq!(rows(&platform, "opened_values").len(), times);
        }
        let erased = platform.erase_person(&vault, person, "asked", &cx).await;
        assert!(matches!(
            erased,
            Err(PersonError::Command(CommandError::Refused(why))) if why.code == "command-used"
        ));
        assert!(
            look(&platform, &node, &vault, reference).await.is_some(),
            "a key was destroyed without an event"
        );
        // The same command again is the same answer.
        platform
            .erase_person(&vault, other, "asked", &cx)
            .await
            .unwrap();
    });
}

#[test]
fn an_erased_person_stays_erased_also_when_keys_come_back_from_a_copy() {
    let node = Node::new();
    let master = MasterKey::generate().unwrap();
    let person = Uuid::from_u128(77);
    block_on(async {
        let platform = node.open();
        let reference = {
            let vault = vault(&node, &platform, &master);
            vault.store(person, "王桂香").unwrap()
        };
        std::fs::copy(keys(&node), node.folder().join("copy.db")).unwrap();
        {
            let vault = vault(&node, &platform, &master);
            platform
                .erase_person(&vault, person, "left the scene", &node.cx())
                .await
                .unwrap();
            assert_eq!(look(&platform, &node, &vault, reference).await, None);
            let again = vault.store(person, "王桂香");
            assert!(matches!(again, Err(VaultError::Erased)));
        }
        // Somebody restores the keys from before.
        std::fs::copy(node.folder().join("copy.db"), keys(&node)).unwrap();
        drop(platform);
        let platform = node.open();
        let vault = vault(&node, &platform, &master);
        assert_eq!(look(&platform, &node, &vault, reference).await, None);
        // Every proof stays valid: the ledger never held the value.
        let mut reader =
            kandeng_ledger::store::sqlite::SqliteReader::open(&node.database()).unwrap();
        let trust = platform.ledger().trust().clone();
        let report = kandeng_ledger::verify(&mut reader, &trust, &[], &mut |_, _| {}).unwrap();
        assert_eq!(report.entries, 1);
    });
}

#[test]
fn a_vault_gives_nothing_before_the_erasures_were_replayed() {
    let node = Node::new();
    let platform = node.open();
    let master = MasterKey::generate().unwrap();
    let person = Uuid::from_u128(77);
    let reference = vault(&node, &platform, &master)
        .store(person, "王桂香")
        .unwrap();
    block_on(async {
        let vault = Vault::open(&keys(&node), &node.database(), master).unwrap();
        let shut = platform
            .open_value(&vault, reference, "look", &node.cx())
            .await;
        assert!(matches!(
            shut,
            Err(PersonError::Vault(VaultError::NotReplayed))
        ));
        assert!(matches!(
            vault.store(person, "x"),
            Err(VaultError::NotReplayed)
        ));
        assert_eq!(platform.replay_erasures(&vault).unwrap(), 0);
        assert!(look(&platform, &node, &vault, reference).await.is_some());
    });
}

#[test]
fn keys_restored_from_a_backup_open_everybody_but_those_who_were_erased_since() {
    let node = Node::new();
    let master = MasterKey::generate().unwrap();
    let (gone, kept) = (Uuid::from_u128(77), Uuid::from_u128(78));
    let backups = KeyBackups::new(&node.folder().join("wrapping"), 30).unwrap();
    let file = node.folder().join("keys.backup");
    block_on(async {
        let platform = node.open();
        let house = vault(&node, &platform, &master);
        let (first, second) = (
            house.store(gone, "gone").unwrap(),
            house.store(kept, "kept").unwrap(),
        );
        let beside = node.folder().join("wrapping/keys.backup");
        assert!(backups.make(&house, &beside, node.clock.now()).is_err());
        backups.make(&house, &file, node.clock.now()).unwrap();
        platform
            .erase_person(&house, gone, "left the scene", &node.cx())
            .await
            .unwrap();
        // What is there is not overwritten.
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24 * 29));
        assert!(
            backups
                .restore(&file, &keys(&node), node.clock.now())
                .is_err()
        );
        drop(house);
        std::fs::remove_file(keys(&node)).unwrap();
        backups
            .restore(&file, &keys(&node), node.clock.now())
            .unwrap();
        let house = vault(&node, &platform, &master);
        assert_eq!(look(&platform, &node, &house, first).await, None);
        assert!(matches!(
            house.store(gone, "again"),
            Err(VaultError::Erased)
        ));
        assert_eq!(
            look(&platform, &node, &house, second).await.as_deref(),
            Some("kept")
        );
        // The backup of a changed file is refused.
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let changed = node.folder().join("changed.backup");
        std::fs::write(&changed, bytes).unwrap();
        let other = node.folder().join("other.db");
        let refused = backups.restore(&changed, &other, node.clock.now());
        assert!(matches!(refused, Err(VaultError::Backup(_))));
        // Its time has come: restoring destroys it rather than using it.
        node.clock
            .set(node.clock.now() + SignedDuration::from_hours(24));
        let lapsed = backups.restore(&file, &other, node.clock.now());
        assert!(matches!(lapsed, Err(VaultError::Lapsed { .. })));
        assert_eq!(backups.standing().unwrap(), []);
    });
}

#[test]
fn backups_of_keys_lapse_one_by_one_and_a_shorter_life_counts_for_those_that_are_there() {
    let node = Node::new();
    let platform = node.open();
    let vault = vault(&node, &platform, &MasterKey::generate().unwrap());
    let folder = node.folder().join("wrapping");
    let days = |days: i64| support::start() + SignedDuration::from_hours(24 * days);
    let month = KeyBackups::new(&folder, 30).unwrap();
    let mut made = Vec::new();
    for day in [0, 10, 20] {
        let file = node.folder().join(format!("{day}.backup"));
        made.push(month.make(&vault, &file, days(day)).unwrap().id);
    }
    assert!(month.lapse(days(29)).unwrap().is_empty());
    assert_eq!(month.lapse(days(30)).unwrap(), made[..1]);
    let week = KeyBackups::new(&folder, 7).unwrap();
    assert_eq!(week.lapse(days(26)).unwrap(), [made[1]]);
    assert_eq!(month.standing().unwrap()[0].id, made[2]);
    assert_eq!(week.lapse(days(27)).unwrap(), [made[2]]);
    assert!(KeyBackups::new(&folder, 31).is_err());
    assert!(KeyBackups::new(&folder, 0).is_err());
}
