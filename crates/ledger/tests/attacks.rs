//! What somebody with the file in hand can do, and that it is found: by `verify`, or by whoever kept a
//! checkpoint.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::{Checkpoint, Fault, Ledger, Report, StoreError, Wrong, verify};
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
            erased: 0,
            continued: 0
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
