//! After a loss: a new origin that tells of it, goes on from what was kept, and can be held against what
//! people have of the old one.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::store::sqlite::{Projector, Sqlite, SqliteReader};
use kandeng_ledger::{
    Append, AppendError, Checkpoint, Decision, Fault, Gap, Ledger, OriginError, Part, Report,
    SigningKey, Trust, Wrong, begin_origin, next_origin, verify,
};
use support::{Place, command, key, one};
use uuid::Uuid;

fn next_key(of: &SigningKey) -> SigningKey {
    SigningKey::from_secret(&next_origin(of.origin()), &[8; 32]).unwrap()
}

fn decision() -> Decision {
    Decision {
        at: "2026-07-01T08:00:00Z".parse().unwrap(),
        by: Uuid::from_u128(42),
        jurisdiction: "990121".to_owned(),
        reason: "the disk burnt, the backup is of the night before".to_owned(),
    }
}

/// Entries with commands, and what was erased: 260, of which a backup has the first `backup`.
fn lossy(backup: u64) -> (Place, Place) {
    let (place, old) = (Place::new(), Place::new());
    let ledger = place.open();
    for number in 0..260_u64 {
        if number == backup {
            copy(&place, &old);
        }
        if number == 100 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime
                .block_on(ledger.erase(command(5_000), 33, Part::Payload, "the person left"))
                .unwrap();
            continue;
        }
        let append = Append {
            occasion: command(u128::from(number) + 1),
            ..one(u128::from(number), 0)
        };
        ledger.append_all_blocking(append).unwrap();
    }
    ledger.close();
    (place, old)
}

fn copy(from: &Place, to: &Place) {
    let path = to.path().display().to_string();
    from.attack().execute("vacuum into ?1", [path]).unwrap();
}

fn newest(place: &Place) -> Checkpoint {
    place.reader().checkpoint().unwrap().unwrap()
}

fn verified(place: &Place, key: &SigningKey, earlier: &[Checkpoint]) -> Result<Report, Wrong> {
    let mut reader = SqliteReader::open(&place.path()).unwrap();
    verify(
        &mut reader,
        &Trust::ledger(key.verifier()),
        earlier,
        &mut |_, _| {},
    )
}

#[test]
fn a_new_origin_tells_of_the_loss_and_goes_on_from_what_was_kept() {
    let (lost, old) = lossy(90);
    let known = newest(&lost);
    let (place, gap) = begin(&old, &known);
    assert_eq!(
        (gap.kept, gap.known, gap.origin.as_str()),
        (90, 260, support::ORIGIN)
    );
    let new_key = next_key(&key());
    assert_eq!(new_key.origin(), "ledger.example/990121/2");
    let report = verified(&place, &new_key, &[]).unwrap();
    assert_eq!((report.entries, &report.gaps), (91, &vec![gap]));
    assert_eq!(report.gaps[0].decided_by, Uuid::from_u128(42));

    // Streams go on where they stood; commands of the kept range are done, those of the lost one are not.
    let ledger =
        Ledger::start(Sqlite::open(&place.path(), None).unwrap(), new_key.clone()).unwrap();
    assert_eq!(
        ledger.read_stream(&support::project(7), 0).unwrap().len(),
        1
    );
    for number in [0_u64, 7, 89] {
        let again = Append {
            occasion: command(u128::from(number) + 1),
            ..one(u128::from(number), 0)
        };
        let done = ledger.append_all_blocking(again).unwrap_err();
        assert!(
            matches!(done, AppendError::Repeated { first, count: 1 } if first == number + 1),
            "{done}"
        );
    }
    for number in (90_u64..260).filter(|number| *number != 100) {
        let again = Append {
            occasion: command(u128::from(number) + 1),
            ..one(u128::from(number), 0)
        };
        ledger.append_all_blocking(again).unwrap();
    }
    ledger.close();
    let report = verified(&place, &new_key, &[]).unwrap();
    assert_eq!((report.entries, report.gaps.len()), (91 + 169, 1));
}

fn begin(old: &Place, known: &Checkpoint) -> (Place, Gap) {
    let place = Place::new();
    let mut store = Sqlite::open(&place.path(), None).unwrap();
    let gap = begin_origin(
        &mut old.reader(),
        key().verifier(),
        &known.note,
        &mut store,
        &next_key(&key()),
        &decision(),
    )
    .unwrap();
    (place, gap)
}

#[test]
fn what_people_keep_of_the_old_origin_still_counts() {
    let (lost, old) = lossy(150);
    let known = newest(&lost);
    let (place, _) = begin(&old, &known);
    let new_key = next_key(&key());
    let at = |size| lost.reader().checkpoints(size, 1).unwrap().remove(0);
    // Within what was kept, within what was lost, and the newest.
    let report = verified(
        &place,
        &new_key,
        &[at(1), at(149), at(150), at(151), at(260)],
    )
    .unwrap();
    assert_eq!((report.continued, report.in_gap, report.erased), (3, 2, 1));
    // A checkpoint that was never known: the loss is larger than was told.
    let ledger = lost.open();
    ledger.append_all_blocking(one(9_000, 0)).unwrap();
    ledger.close();
    let wrong = verified(&place, &new_key, &[newest(&lost)]).unwrap_err();
    assert!(matches!(wrong.fault, Fault::Origin(_)), "{wrong}");
    // One of another history, within what was kept and at its end.
    let forged = |size| key().sign(size, tlog_tiles::Hash([3; 32])).unwrap();
    for size in [100, 150, 260] {
        let wrong = verified(&place, &new_key, &[forged(size)]).unwrap_err();
        assert!(
            matches!(wrong.fault, Fault::Root { size: of, .. } if of == size),
            "{wrong}"
        );
    }
    // One by a stranger.
    let stranger = SigningKey::from_secret(support::ORIGIN, &[1; 32]).unwrap();
    let forged = stranger.sign(100, at(100).root).unwrap();
    let wrong = verified(&place, &new_key, &[forged]).unwrap_err();
    assert!(
        matches!(wrong.fault, Fault::Signature { size: 100, .. }),
        "{wrong}"
    );
}

#[test]
fn kept_entries_cannot_be_changed_under_the_new_origin() {
    let (lost, old) = lossy(150);
    let (place, _) = begin(&old, &newest(&lost));
    let new_key = next_key(&key());
    // Dropped from what was kept, with the tree grown anew by the stolen new key: the old checkpoint says no.
    let (forged, short) = (Place::new(), Place::new());
    copy(&old, &short);
    for sql in [
        "delete from ledger_entries where position >= 140",
        "delete from ledger_checkpoints where size > 140",
    ] {
        short.attack().execute(sql, []).unwrap();
    }
    let mut store = Sqlite::open(&forged.path(), None).unwrap();
    let gap = begin_origin(
        &mut short.reader(),
        key().verifier(),
        &newest(&lost).note,
        &mut store,
        &new_key,
        &decision(),
    )
    .unwrap();
    drop(store);
    // It cannot hide how much it says is lost.
    assert_eq!(gap.kept, 140);
    assert_eq!(verified(&forged, &new_key, &[]).unwrap().gaps[0].kept, 140);
    // An entry of what was kept is changed in the database.
    let changed = place
        .attack()
        .execute(
            "update ledger_entries set payload = cast('{\"number\":9}' as blob) where position = 12",
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
    let wrong = verified(&place, &new_key, &[]).unwrap_err();
    assert_eq!(
        (wrong.position, wrong.fault),
        (12, Fault::Changed("payload"))
    );
}

#[test]
fn a_second_loss_is_told_beside_the_first() {
    let (lost, old) = lossy(150);
    let (second, _) = begin(&old, &newest(&lost));
    let second_key = next_key(&key());
    let ledger = Ledger::start(
        Sqlite::open(&second.path(), None).unwrap(),
        second_key.clone(),
    )
    .unwrap();
    for version in 0..10 {
        ledger.append_all_blocking(one(7_000, version)).unwrap();
    }
    let backup = Place::new();
    copy(&second, &backup);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(ledger.erase(command(6_000), 3, Part::Payload, "the person left"))
        .unwrap();
    ledger.append_all_blocking(one(7_000, 10)).unwrap();
    ledger.close();
    let known = newest(&second);
    let third = Place::new();
    let third_key = next_key(&second_key);
    assert_eq!(third_key.origin(), "ledger.example/990121/3");
    let mut store = Sqlite::open(&third.path(), None).unwrap();
    begin_origin(
        &mut backup.reader(),
        second_key.verifier(),
        &known.note,
        &mut store,
        &third_key,
        &decision(),
    )
    .unwrap();
    drop(store);
    let of_first = lost.reader().checkpoints(77, 1).unwrap().remove(0);
    let of_second = second.reader().checkpoints(155, 1).unwrap().remove(0);
    let report = verified(&third, &third_key, &[of_first, of_second]).unwrap();
    let gaps: Vec<_> = report
        .gaps
        .iter()
        .map(|gap| (gap.kept, gap.known))
        .collect();
    assert_eq!(gaps, [(161, 163), (150, 260)]);
    assert_eq!(
        (report.entries, report.continued, report.erased),
        (162, 2, 1)
    );
}

/// A read model that knows every event: how many there are of each kind, and how many were erased.
struct Kinds;

impl Projector for Kinds {
    fn prepare(&mut self, to: &rusqlite::Connection) -> Result<(), String> {
        to.execute_batch(
            "create table if not exists kinds (kind text, position integer primary key)",
        )
        .map_err(|error| error.to_string())
    }

    fn project(
        &mut self,
        to: &rusqlite::Connection,
        events: &[&kandeng_ledger::Recorded],
    ) -> Result<(), (u64, String)> {
        for event in events {
            let kind = match (&event.envelope, &event.payload) {
                (Some(envelope), Some(_)) => envelope.kind.clone(),
                _ => "erased-part".to_owned(),
            };
            to.execute(
                "insert into kinds values (?1, ?2)",
                (kind, event.position as i64),
            )
            .map_err(|error| (event.position, error.to_string()))?;
        }
        Ok(())
    }
}

#[test]
fn the_read_model_is_filled_with_what_was_kept() {
    let (lost, old) = lossy(150);
    let place = Place::new();
    let mut store = Sqlite::open(&place.path(), Some(Box::new(Kinds))).unwrap();
    begin_origin(
        &mut old.reader(),
        key().verifier(),
        &newest(&lost).note,
        &mut store,
        &next_key(&key()),
        &decision(),
    )
    .unwrap();
    drop(store);
    let connection = place.attack();
    let count = |kind: &str| -> i64 {
        connection
            .query_row(
                "select count(*) from kinds where kind = ?1",
                [kind],
                |row| row.get(0),
            )
            .unwrap()
    };
    let counts = ["origin-begun", "noted", "erased", "erased-part"].map(count);
    assert_eq!(counts, [1, 148, 1, 1]);
}

#[test]
fn a_new_origin_is_not_begun_without_need_or_under_a_wrong_name() {
    let (lost, old) = lossy(90);
    let known = newest(&lost);
    let try_with = |old: &Place, known: &str, key_of_new: &SigningKey, store: &mut Sqlite| {
        let old_key = key();
        begin_origin(
            &mut old.reader(),
            old_key.verifier(),
            known,
            store,
            key_of_new,
            &decision(),
        )
    };
    let empty = Place::new();
    let mut store = Sqlite::open(&empty.path(), None).unwrap();
    let new_key = next_key(&key());
    assert!(matches!(
        try_with(&lost, &known.note, &new_key, &mut store),
        Err(OriginError::NothingLost {
            kept: 260,
            known: 260
        })
    ));
    assert!(matches!(
        try_with(&old, &known.note, &key(), &mut store),
        Err(OriginError::Name { .. })
    ));
    let stranger = SigningKey::from_secret(support::ORIGIN, &[1; 32]).unwrap();
    let forged = stranger.sign(500, known.root).unwrap();
    assert!(matches!(
        try_with(&old, &forged.note, &new_key, &mut store),
        Err(OriginError::Checkpoint(_))
    ));
    assert_eq!(empty.reader().leaves(0, 1).unwrap(), []);
    try_with(&old, &known.note, &new_key, &mut store).unwrap();
    assert!(matches!(
        try_with(&old, &known.note, &new_key, &mut store),
        Err(OriginError::NotEmpty(91))
    ));
}
