//! Verifying what somebody else publishes over HTTP, by the same code as what is here.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::{Checkpoint, Fault, Folder, Report, Tiles, Wrong, verify_published};
use support::http::{Answer, Http};
use support::{Place, filled, key, one, trust};

/// Serves a folder as any web server would.
fn serve(folder: PathBuf) -> Http {
    Http::serve(move |asked| -> Answer {
        match fs::read(folder.join(asked.path.trim_start_matches('/'))) {
            Ok(bytes) => (200, bytes),
            Err(_) => (404, b"not here\n".to_vec()),
        }
    })
}

fn published(count: u64) -> (Place, PathBuf) {
    let place = filled(count);
    let folder = place.folder.path().join("elsewhere");
    Folder::new(&folder)
        .publish(&mut place.reader(), &trust())
        .unwrap();
    (place, folder)
}

fn verified(url: &str, earlier: &[Checkpoint]) -> Result<Report, Wrong> {
    verify_published(&mut Tiles::at(url), &trust(), earlier, &mut |_, _| {})
}

#[test]
fn a_remote_ledger_is_verified_to_its_last_leaf() {
    let (place, folder) = published(700);
    let server = serve(folder.clone());
    let kept = place.reader().checkpoints(123, 1).unwrap();
    let mut seen = Vec::new();
    let report = verify_published(
        &mut Tiles::at(&server.url()),
        &trust(),
        &kept,
        &mut |done, all| {
            seen.push((done, all));
        },
    )
    .unwrap();
    assert_eq!(
        (
            report.entries,
            report.tiles,
            report.checkpoints,
            report.continued
        ),
        (700, 2, 1, 1)
    );
    assert_eq!(seen.last(), Some(&(700, 700)));
    // A folder in hand is read alike.
    let report = verify_published(
        &mut Tiles::of_folder(&folder),
        &trust(),
        &kept,
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(report.entries, 700);
    // A partial tile that has gone since is within the full one.
    let ledger = place.open();
    let old = ledger.checkpoint().unwrap();
    for version in 0..300 {
        ledger.append_all_blocking(one(9_000, version)).unwrap();
    }
    Folder::new(&folder)
        .publish(&mut place.reader(), &trust())
        .unwrap();
    fs::write(folder.join("checkpoint"), &old.note).unwrap();
    assert_eq!(verified(&server.url(), &[]).unwrap().entries, 700);
}

#[test]
fn whatever_is_changed_over_there_is_found() {
    let (place, folder) = published(700);
    let server = serve(folder.clone());
    let url = server.url();
    let change = |name: &str, at: usize| {
        let path = folder.join(name);
        let old = fs::read(&path).unwrap();
        let mut bytes = old.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let wrong = verified(&url, &[]).unwrap_err();
        fs::write(&path, old).unwrap();
        wrong
    };
    // A leaf of the second tile is noticed where that tile ends.
    let wrong = change("tile/entries/001", 67 * 44 + 10);
    assert_eq!(
        (wrong.position, wrong.fault),
        (
            256,
            Fault::Tile {
                level: 0,
                number: 1
            }
        )
    );
    let wrong = change("tile/entries/001", 0);
    assert_eq!(wrong.fault, Fault::Changed("leaf"));
    let wrong = change("tile/0/000", 5);
    assert_eq!(
        wrong.fault,
        Fault::Tile {
            level: 0,
            number: 0
        }
    );
    let wrong = change("tile/entries/002.p/188", 3);
    assert!(matches!(
        wrong.fault,
        Fault::Root {
            size: 700,
            whose: "stored"
        }
    ));
    let wrong = change("tile/0/002.p/188", 3);
    assert_eq!(
        wrong.fault,
        Fault::Tile {
            level: 0,
            number: 2
        }
    );
    let wrong = change("checkpoint", 25);
    assert!(matches!(wrong.fault, Fault::Signature { .. }));
    let missing = |name: &str| {
        let path = folder.join(name);
        let old = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let wrong = verified(&url, &[]).unwrap_err();
        fs::write(&path, old).unwrap();
        wrong
    };
    let wrong = missing("tile/entries/001");
    assert_eq!((wrong.position, wrong.fault), (256, Fault::Missing));
    assert_eq!(
        missing("tile/0/001").fault,
        Fault::NoTile {
            level: 0,
            number: 1
        }
    );
    assert_eq!(
        missing("tile/0/002.p/188").fault,
        Fault::NoTile {
            level: 0,
            number: 2
        }
    );
    assert_eq!(verified(&url, &[]).unwrap().entries, 700);

    // Another history with the stolen key, and a shorter one: found by who kept a checkpoint.
    let kept = place.reader().checkpoint().unwrap().unwrap();
    let other = filled(700);
    let elsewhere = other.folder.path().join("elsewhere");
    Folder::new(&elsewhere)
        .publish(&mut other.reader(), &trust())
        .unwrap();
    let server = serve(elsewhere);
    let wrong = verified(&server.url(), std::slice::from_ref(&kept)).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Root {
            size: 700,
            whose: "earlier"
        }
    );
    let (_shorter, elsewhere) = published(60);
    let server = serve(elsewhere);
    let wrong = verified(&server.url(), &[kept]).unwrap_err();
    assert_eq!(
        wrong.fault,
        Fault::Shorter {
            size: 700,
            actual: 60
        }
    );
}

#[test]
fn a_server_that_means_harm_is_not_followed_and_not_drunk_dry() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let huge = key().sign(1 << 50, tlog_tiles::Hash([1; 32])).unwrap();
    for (name, note, status, body) in [
        (
            "an endless bundle",
            huge.note.clone(),
            200,
            vec![1; 1 << 20],
        ),
        ("a redirection", huge.note.clone(), 302, Vec::new()),
        ("an empty bundle", huge.note.clone(), 200, Vec::new()),
        (
            "an endless checkpoint",
            "x".repeat(1 << 20),
            200,
            Vec::new(),
        ),
        ("no checkpoint", String::new(), 200, Vec::new()),
    ] {
        let (asked, body) = (asked.clone(), body.clone());
        let server = Http::serve({
            let asked = asked.clone();
            move |question| {
                asked.lock().unwrap().push(question.path.clone());
                if question.path == "/checkpoint" {
                    return (200, note.clone().into_bytes());
                }
                (status, body.clone())
            }
        });
        assert!(verified(&server.url(), &[]).is_err(), "{name}");
        let count = asked.lock().unwrap().drain(..).count();
        assert!(count <= 2, "{name}: asked {count} times");
    }
    // A size that nobody has signed is not even asked for.
    let stranger = kandeng_ledger::SigningKey::from_secret(support::ORIGIN, &[9; 32]).unwrap();
    let forged = stranger.sign(500, tlog_tiles::Hash([1; 32])).unwrap();
    let server = Http::serve({
        let asked = asked.clone();
        move |question| {
            asked.lock().unwrap().push(question.path.clone());
            (200, forged.note.clone().into_bytes())
        }
    });
    assert!(matches!(
        verified(&server.url(), &[]).unwrap_err().fault,
        Fault::Signature { size: 500, .. }
    ));
    assert_eq!(*asked.lock().unwrap(), ["/checkpoint"]);
    let gone = server.url();
    drop(server);
    assert!(matches!(
        verified(&gone, &[]).unwrap_err().fault,
        Fault::Store(_)
    ));
}
