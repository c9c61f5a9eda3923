//! Witnesses and the loop of publication: what is cosigned, how soon, and what is refused.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::{Folder, Open, Places, PublishError, Publisher, Trust, Witness};
use support::http::{Http, TestWitness};
use support::{Place, filled, key, one, trust};

fn of(witness: &TestWitness) -> Witness {
    Witness::new(&witness.http.url(), &witness.key.verifier()).unwrap()
}

fn trust_in(witness: &TestWitness) -> Trust {
    Trust {
        witnesses: vec![witness.key.verifier()],
        ..trust()
    }
}

/// Waits for a state of publication, for no longer than a batch may wait.
fn within_5_s(publisher: &Publisher, reached: impl Fn(&kandeng_ledger::Published) -> bool) {
    let start = Instant::now();
    let state = publisher.state();
    while !reached(&state.borrow()) {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            state.borrow()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_witness_cosigns_what_continues_what_it_saw() {
    let server = TestWitness::new(trust());
    let witness = of(&server);
    let place = filled(5);
    let ledger = place.open();
    for more in [0, 1, 300, 7] {
        for _ in 0..more {
            let size = u128::from(ledger.checkpoint().unwrap().size);
            ledger.append_all_blocking(one(10_000 + size, 0)).unwrap();
        }
        let newest = ledger.checkpoint().unwrap();
        let cosigned = witness
            .submit(&mut place.reader(), &newest, &trust())
            .unwrap();
        let verified = trust_in(&server).verify(&cosigned.note).unwrap();
        assert_eq!(verified.witnessed[0].0, "witness.example/w1");
        assert_eq!(
            (verified.checkpoint.size, server.size()),
            (newest.size, newest.size)
        );
    }
    // One that does not know what the witness has, is told and proves it.
    let asked = server.asked.load(Ordering::SeqCst);
    let newest = ledger.checkpoint().unwrap();
    of(&server)
        .submit(&mut place.reader(), &newest, &trust())
        .unwrap();
    assert_eq!(server.asked.load(Ordering::SeqCst), asked + 2);
}

#[test]
fn publication_follows_within_five_seconds_and_receipts_say_who_witnessed() {
    let server = TestWitness::new(trust());
    let second = TestWitness::named("witness.example/w2", 9, trust());
    let place = filled(3);
    let elsewhere = place.folder.path().join("elsewhere");
    let ledger = place.open();
    let places = Places {
        folder: Some(Folder::new(&elsewhere)),
        witnesses: vec![of(&server), of(&second)],
    };
    let publisher = Publisher::start(&ledger, places).unwrap();
    let mut size = 3;
    for round in 0..3_u128 {
        for version in 0..40 {
            ledger
                .append_all_blocking(one(500 + round, version))
                .unwrap();
        }
        size += 40;
        within_5_s(&publisher, |state| {
            state.folder == Some(size) && state.witnessed == Some(size)
        });
    }
    // The folder's checkpoint carries both cosignatures.
    let both = Trust {
        witnesses: vec![server.key.verifier(), second.key.verifier()],
        ..trust()
    };
    let note = fs::read_to_string(elsewhere.join("checkpoint")).unwrap();
    assert_eq!(both.verify(&note).unwrap().witnessed.len(), 2);
    // So does a receipt, also after a restart, and it says the size.
    drop(publisher);
    ledger.close();
    let ledger = place.open();
    let open = Open {
        envelope: true,
        payload: true,
    };
    let under = ledger.best_checkpoint(7).unwrap();
    let verified = ledger
        .receipt(7, &under, open)
        .unwrap()
        .verify(&both)
        .unwrap();
    assert_eq!(
        (verified.checkpoint.size, verified.witnessed.len()),
        (size, 2)
    );
    // What came after it was not witnessed, and its receipt does not say so.
    ledger.append_all_blocking(one(9_000, 0)).unwrap();
    let under = ledger.best_checkpoint(size).unwrap();
    let verified = ledger
        .receipt(size, &under, open)
        .unwrap()
        .verify(&both)
        .unwrap();
    assert_eq!(
        (verified.checkpoint.size, verified.witnessed.len()),
        (size + 1, 0)
    );
}

#[test]
fn what_one_witness_said_stays_when_another_speaks_later() {
    let servers = [
        TestWitness::new(trust()),
        TestWitness::named("witness.example/w2", 9, trust()),
    ];
    let both = Trust {
        witnesses: servers.iter().map(|server| server.key.verifier()).collect(),
        ..trust()
    };
    let place = filled(3);
    let elsewhere = place.folder.path().join("elsewhere");
    let ledger = place.open();
    // One after the other, and then none.
    for servers in [&servers[..1], &servers[1..], &[]] {
        let places = Places {
            folder: Some(Folder::new(&elsewhere)),
            witnesses: servers.iter().map(of).collect(),
        };
        drop(Publisher::start(&ledger, places).unwrap());
    }
    let note = fs::read_to_string(elsewhere.join("checkpoint")).unwrap();
    let under = ledger.best_checkpoint(0).unwrap();
    for note in [note, under.note] {
        assert_eq!(both.verify(&note).unwrap().witnessed.len(), 2, "{note}");
    }
}

/// A witness that is slow and never content holds up the folder no longer than one that is away.
#[test]
fn a_witness_that_changes_its_mind_slowly_is_given_up_in_time() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let slow = Http::serve({
        let asked = asked.clone();
        move |_| {
            std::thread::sleep(Duration::from_millis(600));
            let size = 1 + asked.fetch_add(1, Ordering::SeqCst) % 2;
            (409, format!("{size}\n").into_bytes())
        }
    });
    let key = TestWitness::new(trust()).key.verifier();
    let most = Duration::from_secs(1);
    let witness = Witness::with_timeout(&slow.url(), &key, most).unwrap();
    let place = filled(3);
    let newest = place.reader().checkpoint().unwrap().unwrap();
    let start = Instant::now();
    witness
        .submit(&mut place.reader(), &newest, &trust())
        .unwrap_err();
    assert!(
        start.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_was_appended_last_is_published_before_the_loop_ends() {
    let server = TestWitness::new(trust());
    let place = filled(3);
    let ledger = place.open();
    let places = Places {
        folder: None,
        witnesses: vec![of(&server)],
    };
    let publisher = Publisher::start(&ledger, places).unwrap();
    ledger.append_all_blocking(one(500, 0)).unwrap();
    drop(publisher);
    assert_eq!(server.size(), 4);
}

#[test]
fn a_witness_that_is_away_or_talks_nonsense_keeps_nobody_from_publishing() {
    let gone = TestWitness::new(trust());
    let away = of(&gone);
    let url_of_nobody = gone.http.url();
    drop(gone);
    let liar = Http::serve(|_| (200, "— witness.example/w1 AAAAAAAAAAAAAAAA\n".into()));
    let endless = Http::serve(|_| (200, vec![b'x'; 1 << 20]));
    let lost = Http::serve(|_| (409, b"wherever\n".to_vec()));
    let name = TestWitness::new(trust());
    let place = filled(3);
    let ledger = place.open();
    let newest = ledger.checkpoint().unwrap();
    let mut witnesses = vec![away];
    for server in [&liar, &endless, &lost] {
        witnesses.push(Witness::new(&server.url(), &name.key.verifier()).unwrap());
    }
    for witness in &witnesses {
        let error = witness
            .submit(&mut place.reader(), &newest, &trust())
            .unwrap_err();
        assert!(matches!(error, PublishError::Witness { .. }), "{error}");
        assert!(error.zh().contains("见证"));
    }
    let elsewhere = place.folder.path().join("elsewhere");
    let places = Places {
        folder: Some(Folder::new(&elsewhere)),
        witnesses: witnesses.clone(),
    };
    let unasked = places.check(&mut place.reader(), &key()).unwrap();
    assert_eq!(unasked.len(), 4);
    let publisher = Publisher::start(&ledger, places).unwrap();
    within_5_s(&publisher, |state| state.folder == Some(3));
    assert_eq!(publisher.state().borrow().problems.len(), 4);
    assert!(publisher.state().borrow().problems[0].contains(&url_of_nobody));
}

#[test]
fn a_ledger_older_than_what_the_witness_saw_is_not_started() {
    let server = TestWitness::new(trust());
    let place = filled(20);
    let old = fs::read(place.path()).unwrap();
    let places = Places {
        folder: None,
        witnesses: vec![of(&server)],
    };
    let ledger = place.open();
    ledger.append_all_blocking(one(500, 0)).unwrap();
    ledger.close();
    assert!(
        places
            .check(&mut place.reader(), &key())
            .unwrap()
            .is_empty()
    );
    assert_eq!(server.size(), 21);

    // A restored backup; and a file that was emptied.
    let restored = Place::new();
    fs::write(restored.path(), old).unwrap();
    let empty = Place::new();
    drop(kandeng_ledger::store::sqlite::Sqlite::open(&empty.path(), None).unwrap());
    for (place, ours) in [(&restored, 20), (&empty, 0)] {
        // Also by one that was started anew and knows nothing of the witness.
        let places = Places {
            folder: None,
            witnesses: vec![of(&server)],
        };
        let error = places.check(&mut place.reader(), &key()).unwrap_err();
        assert!(
            matches!(error, PublishError::Behind { ours: found, theirs: 21, .. } if found == ours),
            "{error}"
        );
        assert!(error.to_string().contains("--accept-loss"), "{error}");
        assert!(error.zh().contains("--accept-loss"), "{}", error.zh());
    }

    // Regrown past it with the key in hand: another history.
    let ledger = restored.open();
    for version in 0..3 {
        ledger.append_all_blocking(one(700, version)).unwrap();
    }
    ledger.close();
    let error = places.check(&mut restored.reader(), &key()).unwrap_err();
    assert!(
        matches!(error, PublishError::Forked { size: 21, .. }),
        "{error}"
    );
    assert_eq!(server.size(), 21);
    // The same size and another root.
    let other = Place::new();
    fs::write(other.path(), fs::read(restored.path()).unwrap()).unwrap();
    let at_21 = restored.reader().checkpoints(21, 1).unwrap().remove(0);
    let error = of(&server)
        .submit(&mut restored.reader(), &at_21, &trust())
        .unwrap_err();
    assert!(
        matches!(error, PublishError::Forked { size: 21, .. }),
        "{error}"
    );
}
