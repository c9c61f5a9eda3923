//! What somebody with the file in hand can do, and that it is found: by `verify`, or by whoever kept a
//! checkpoint.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::store::{Reader as _, Store as _};
use kandeng_ledger::{
    Append, Checkpoint, Checks, EvidenceFolder, Fault, Ledger, NewEvent, Report, StoreError, Write,
    Wrong, verify, verify_with,
};
use serde_json::json;
use sha2::Digest as _;
use support::{Place, filled, key, one, trust};

fn verified(place: &Place, earlier: &[Checkpoint]) -> Result<Report, Wrong> {
    verify(&mut place.reader(), &trust(), earlier, &mut |_, _| {})
}

fn newest(place: &Place) -> Checkpoint {
    place.reader().checkpoint().unwrap().unwrap()
}

fn run(place: &Place, sql: &str) {
    let changed = place.attack().execute(sql, []).unwrap();
    assert!(changed > 0, "the attack did nothing: {sql}");
}

#[test]
fn a_ledger_nobody_touched_is_right() {
    let place = filled(300);
    let report = verified(&place, &[]).unwrap();
    assert_eq!(
        report,
        Report {
            entries: 300,
            tiles: 1,
            checkpoints: 300,
            ..Report::default()
        }
    );
}

#[test]
fn a_changed_payload_is_found() {
    let place = filled(300);
    run(
        &place,
        "update ledger_entries set payload = cast('{\"number\":9}' as blob) where position = 123",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (123, Fault::Changed("payload"))
    );
}

#[test]
fn a_changed_envelope_is_found() {
    let place = filled(300);
    run(
        &place,
        "update ledger_entries set envelope = \
         cast(replace(cast(envelope as text), '990121', '990122') as blob) where position = 7",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (7, Fault::Changed("envelope"))
    );
}

#[test]
fn a_changed_leaf_is_found() {
    let place = filled(300);
    // With envelope and payload emptied, so that nothing contradicts the new leaf but the tree.
    run(
        &place,
        "update ledger_entries set leaf = cast(x'01' || randomblob(64) as blob), envelope = null, \
         envelope_salt = null, payload = null, payload_salt = null where position = 40",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(wrong.position, 40);
    assert!(matches!(
        wrong.fault,
        Fault::Root {
            size: 41,
            whose: "stored"
        }
    ));
}

#[test]
fn swapped_entries_are_found() {
    let place = filled(300);
    let connection = place.attack();
    for (from, to) in [(20, -1), (21, 20), (-1, 21)] {
        connection
            .execute(
                "update ledger_entries set position = ?2 where position = ?1",
                [from, to],
            )
            .unwrap();
    }
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(wrong.position, 20);
    assert!(matches!(wrong.fault, Fault::Root { size: 21, .. }));
}

#[test]
fn an_entry_moved_to_another_stream_is_found() {
    let place = filled(300);
    run(
        &place,
        "update ledger_entries set stream = 2, version = 77 where position = 5",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!((wrong.position, wrong.fault), (5, Fault::Misplaced));
}

#[test]
fn a_dropped_last_entry_is_found() {
    let place = filled(300);
    run(&place, "delete from ledger_entries where position = 299");
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!((wrong.position, wrong.fault), (299, Fault::Missing));
    let started = Ledger::start(Sqlite::open(&place.path(), None).unwrap(), key());
    assert!(matches!(
        started.err(),
        Some(StoreError::Damaged { position: 299, .. })
    ));
}

#[test]
fn an_entry_dropped_with_its_checkpoint_is_found_by_whoever_kept_one() {
    let place = filled(300);
    let kept = newest(&place);
    run(&place, "delete from ledger_entries where position = 299");
    run(&place, "delete from ledger_checkpoints where size = 300");
    // Within the file nothing is wrong any more.
    verified(&place, &[]).unwrap();
    let wrong = verified(&place, &[kept]).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Shorter {
            size: 300,
            actual: 299
        }
    );
}

#[test]
fn an_entry_in_the_middle_that_is_dropped_is_found() {
    let place = filled(300);
    run(&place, "delete from ledger_entries where position = 150");
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!((wrong.position, wrong.fault), (150, Fault::Missing));
}

/// Cuts the ledger to `size` entries and grows it again with the stolen key.
fn truncate_and_regrow(place: &Place, size: u64, to: u64) {
    let connection = place.attack();
    for sql in [
        "delete from ledger_entries where position >= ?1",
        "delete from ledger_checkpoints where size > ?1",
        "delete from ledger_tiles where (number + 1) << (8 * (level + 1)) > ?1",
    ] {
        connection.execute(sql, [size as i64]).unwrap();
    }
    drop(connection);
    let ledger = place.open();
    for number in size..to {
        let stream = 1_000 + u128::from(number);
        ledger.append_all_blocking(one(stream, 0)).unwrap();
    }
    ledger.close();
}

#[test]
fn a_ledger_regrown_with_the_stolen_key_is_found_by_whoever_kept_a_checkpoint() {
    let place = filled(300);
    let kept = newest(&place);
    truncate_and_regrow(&place, 100, 400);
    // With the key in hand the file is consistent in itself: that is why checkpoints go elsewhere.
    verified(&place, &[]).unwrap();
    let wrong = verified(&place, &[kept]).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Root {
            size: 300,
            whose: "earlier"
        }
    );
}

#[test]
fn a_rolled_back_file_is_found_by_whoever_kept_a_checkpoint() {
    let place = filled(200);
    let old = std::fs::read(place.path()).unwrap();
    let ledger = place.open();
    for version in 0..20 {
        ledger.append_all_blocking(one(7_000, version)).unwrap();
    }
    ledger.close();
    let kept = newest(&place);
    for end in ["", "-wal", "-shm"] {
        let mut file = place.path().into_os_string();
        file.push(end);
        let _ = std::fs::remove_file(file);
    }
    std::fs::write(place.path(), old).unwrap();
    verified(&place, &[]).unwrap();
    assert!(matches!(
        verified(&place, &[kept]).unwrap_err().fault,
        Fault::Shorter { size: 220, .. }
    ));
}

#[test]
fn two_checkpoints_of_one_size_are_a_fork() {
    let place = filled(50);
    let other = Place::new();
    std::fs::copy(place.path(), other.path()).unwrap();
    for (place, stream) in [(&place, 900), (&other, 901)] {
        let ledger = place.open();
        ledger.append_all_blocking(one(stream, 0)).unwrap();
        ledger.close();
    }
    let (ours, theirs) = (newest(&place), newest(&other));
    assert_eq!(ours.size, theirs.size);
    trust().verify(&theirs.note).unwrap();
    let wrong = verified(&place, &[theirs]).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Root {
            size: 51,
            whose: "earlier"
        }
    );
}

#[test]
fn a_replaced_checkpoint_is_found() {
    let place = filled(60);
    let forged = key().sign(30, tlog_tiles::Hash([1; 32])).unwrap();
    place
        .attack()
        .execute(
            "update ledger_checkpoints set note = ?1 where size = 30",
            [&forged.note],
        )
        .unwrap();
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(wrong.position, 29);
    assert!(matches!(wrong.fault, Fault::Root { size: 30, .. }));

    let stranger = kandeng_ledger::SigningKey::from_secret(support::ORIGIN, &[9; 32]).unwrap();
    let forged = stranger.sign(60, newest(&place).root).unwrap();
    place
        .attack()
        .execute(
            "update ledger_checkpoints set note = ?1 where size = 60",
            [&forged.note],
        )
        .unwrap();
    let started = Ledger::start(Sqlite::open(&place.path(), None).unwrap(), key());
    assert!(started.is_err());
}

#[test]
fn a_checkpoint_put_in_the_place_of_others_is_found() {
    // By a later one, which whoever reads in order would pass over here and never see there.
    let place = filled(300);
    run(
        &place,
        "update ledger_checkpoints set note = (select note from ledger_checkpoints where size = 290) \
         where size = 30",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(wrong.position, 29);
    // By an earlier one in the place of a whole page of them: reading goes on.
    let place = filled(300);
    run(
        &place,
        "update ledger_checkpoints set note = (select note from ledger_checkpoints where size = 100) \
         where size > 100 and size < 300",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(wrong.position, 100);
}

#[test]
fn a_changed_tile_is_found() {
    let place = filled(300);
    run(
        &place,
        "update ledger_tiles set hashes = randomblob(8192) where level = 0",
    );
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Tile {
            level: 0,
            number: 0
        }
    );
    run(&place, "delete from ledger_tiles");
    assert!(matches!(
        verified(&place, &[]).unwrap_err().fault,
        Fault::NoTile { .. }
    ));
}

#[test]
fn a_part_that_is_gone_without_an_event_that_says_so_is_found() {
    let place = filled(30);
    let sql = "update ledger_entries set payload = null, payload_salt = null where position = 9";
    run(&place, sql);
    let wrong = verified(&place, &[]).unwrap_err();
    assert_eq!((wrong.position, wrong.fault), (9, Fault::Lost("payload")));
}

#[test]
fn a_forged_cosignature_is_found() {
    let place = filled(30);
    let witness = kandeng_ledger::WitnessKey::new("witness.example/w1", &[8; 32]).unwrap();
    let at_20 = place.reader().checkpoints(20, 1).unwrap().remove(0);
    let line = witness.cosign(&at_20, 1_782_000_000).unwrap();
    let cosigned = at_20.with_signatures(&line).unwrap();
    let mut store = Sqlite::open(&place.path(), None).unwrap();
    store.keep_cosigned(&cosigned).unwrap();
    drop(store);
    let trust = kandeng_ledger::Trust {
        witnesses: vec![witness.verifier()],
        ..trust()
    };
    let look = || verify(&mut place.reader(), &trust, &[], &mut |_, _| {});
    assert_eq!(look().unwrap().cosigned, 1);
    // The same words under another tree.
    let at_21 = place.reader().checkpoints(21, 1).unwrap().remove(0);
    let forged = at_21.with_signatures(&line).unwrap();
    place
        .attack()
        .execute(
            "update ledger_cosigned set note = ?1, size = 21",
            [&forged.note],
        )
        .unwrap();
    assert!(matches!(
        look().unwrap_err().fault,
        Fault::Signature { size: 21, .. }
    ));
}

/// An evidence folder with two photos, and a ledger whose payloads name them.
fn with_evidence() -> (Place, std::path::PathBuf, Vec<String>) {
    let place = filled(20);
    let folder = place.folder.path().join("evidence");
    std::fs::create_dir(&folder).unwrap();
    let mut hashes = Vec::new();
    let ledger = place.open();
    for number in 0..3_u8 {
        let bytes = vec![number; 100_000];
        let hash: String = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // One as it is named, the others by their first digits.
        let within = folder.join(if number == 0 { "" } else { &hash[..2] });
        std::fs::create_dir_all(&within).unwrap();
        std::fs::write(within.join(&hash), bytes).unwrap();
        let payload = json!({"photos": [{"sha256": hash, "bytes": 100_000, "note": "x"}, {"sha256": "none", "bytes": 1},
                {"sha256": "f".repeat(64), "note": "stated of a file elsewhere"}], "number": 1});
        let append = Append {
            occasion: support::occasion(),
            writes: vec![Write {
                stream: support::project(9_000),
                expected: u64::from(number),
                events: vec![NewEvent::new("evidence-filed", 1, payload)],
            }],
        };
        ledger.append_all_blocking(append).unwrap();
        hashes.push(hash);
    }
    ledger.close();
    (place, folder, hashes)
}

fn verified_with_evidence(place: &Place, folder: &std::path::Path) -> Result<Report, Wrong> {
    let mut evidence = EvidenceFolder::new(folder);
    let trust = trust();
    let checks = Checks {
        evidence: Some(&mut evidence),
        ..Checks::default()
    };
    verify_with(&mut place.reader(), &trust, checks, &mut |_, _| {})
}

#[test]
fn changed_bytes_of_evidence_are_found() {
    let (place, folder, hashes) = with_evidence();
    assert_eq!(verified_with_evidence(&place, &folder).unwrap().evidence, 3);
    let path = folder.join(&hashes[1][..2]).join(&hashes[1]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[70_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    // Nothing is wrong with the ledger itself.
    verified(&place, &[]).unwrap();
    let wrong = verified_with_evidence(&place, &folder).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (21, Fault::Evidence(hashes[1].clone()))
    );
}

#[test]
fn evidence_that_is_gone_is_found_unless_an_event_says_that_it_was_erased() {
    let (place, folder, hashes) = with_evidence();
    std::fs::remove_file(folder.join(&hashes[0])).unwrap();
    let wrong = verified_with_evidence(&place, &folder).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (20, Fault::NoEvidence(hashes[0].clone()))
    );
    let ledger = place.open();
    let append = Append {
        occasion: support::occasion(),
        writes: vec![Write {
            stream: kandeng_ledger::StreamName::new("erasure", uuid::Uuid::from_u128(1)).unwrap(),
            expected: 0,
            events: vec![NewEvent::new(
                kandeng_ledger::ERASED,
                1,
                json!({"evidence": hashes[0], "reason": "the ten years are over"}),
            )],
        }],
    };
    ledger.append_all_blocking(append).unwrap();
    ledger.close();
    assert_eq!(verified_with_evidence(&place, &folder).unwrap().evidence, 2);
}

#[test]
fn a_ledger_can_be_verified_while_it_grows() {
    let place = filled(300);
    let ledger = place.open();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for version in 0.. {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                ledger.append_all_blocking(one(8_000, version)).unwrap();
            }
        });
        let mut last = 0;
        for _ in 0..20 {
            let entries = verified(&place, &[]).unwrap().entries;
            assert!(entries >= last);
            last = entries;
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// All bytes of the ledger's files.
fn on_disk(place: &Place) -> Vec<u8> {
    let mut bytes = Vec::new();
    for end in ["", "-wal"] {
        let mut file = place.path().into_os_string();
        file.push(end);
        bytes.extend(std::fs::read(file).unwrap_or_default());
    }
    bytes
}

#[test]
fn what_was_erased_stands_in_no_file() {
    let place = filled(20);
    let ledger = place.open();
    // A short one within its page and a long one with pages of its own.
    let secrets = ["the-short-secret".to_owned(), "long-secret-".repeat(2_000)];
    for (number, secret) in secrets.iter().enumerate() {
        let append = Append {
            occasion: support::occasion(),
            writes: vec![Write {
                stream: support::project(7_000 + number as u128),
                expected: 0,
                events: vec![NewEvent::new("noted", 1, json!({ "text": secret }))],
            }],
        };
        ledger.append_all_blocking(append).unwrap();
    }
    let found = |what: &str| {
        let bytes = on_disk(&place);
        bytes
            .windows(what.len())
            .any(|part| part == what.as_bytes())
    };
    assert!(found("the-short-secret") && found("long-secret-long-secret-"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for position in [20, 21] {
        let erased = ledger.erase(
            support::occasion(),
            position,
            kandeng_ledger::Part::Payload,
            "test",
        );
        runtime.block_on(erased).unwrap();
    }
    // The ledger is still open, and nothing else happened since.
    assert!(!found("the-short-secret") && !found("long-secret-"));
    ledger.close();
    assert_eq!(verified(&place, &[]).unwrap().erased, 2);
}
