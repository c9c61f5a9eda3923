//! The second place: what it holds, what it refuses, and that a crash leaves it whole.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::{fs, io};

use kandeng_ledger::store::Reader as _;
use kandeng_ledger::{
    Disk, Folder, Open, PublishError, Receipt, Resource, SigningKey, Tiles, verify_published,
};
use support::{Place, filled, key, one, project, trust};

#[test]
fn a_folder_grows_with_the_ledger_and_holds_what_its_checkpoint_needs() {
    let place = filled(5);
    let folder = Folder::new(place.folder.path().join("elsewhere"));
    let ledger = place.open();
    let mut size = 5;
    for more in [0, 1, 250, 1, 300, 7] {
        for _ in 0..more {
            ledger
                .append_all_blocking(one(10_000 + u128::from(size), 0))
                .unwrap();
            size += 1;
        }
        let published = folder
            .publish(&mut place.reader(), &trust())
            .unwrap()
            .unwrap();
        assert_eq!(published.size, size);
        for resource in Resource::new_between(0, size) {
            let path = place
                .folder
                .path()
                .join("elsewhere")
                .join(resource.to_string());
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{resource}: {error}"));
            assert_eq!(Some(bytes), resource.bytes(&mut place.reader()).unwrap());
        }
    }
    // Partial tiles go once the full one is there.
    let elsewhere = place.folder.path().join("elsewhere");
    assert!(!elsewhere.join("tile/0/000.p").exists());
    assert!(!elsewhere.join("tile/entries/001.p").exists());
    assert!(elsewhere.join("tile/0/002.p").exists());
}

#[test]
fn nodes_that_publish_into_one_folder_never_set_it_back_and_leave_it_whole() {
    let place = filled(0);
    let ledger = place.open();
    for number in 0..600 {
        ledger.append_all_blocking(one(number, 0)).unwrap();
    }
    let path = place.folder.path().join("elsewhere");
    let checkpoints = place.reader().checkpoints(0, 1_000).unwrap();
    assert!(checkpoints.len() > 100);
    std::thread::scope(|scope| {
        for node in 0..3 {
            let (place, path, checkpoints) = (&place, &path, &checkpoints);
            scope.spawn(move || {
                let folder = Folder::new(path);
                let mut reader = place.reader();
                for checkpoint in checkpoints.iter().skip(node).step_by(3) {
                    folder
                        .publish_at(&mut reader, &trust(), checkpoint)
                        .unwrap();
                    let newest = folder.newest(&trust()).unwrap().unwrap();
                    assert!(newest.size >= checkpoint.size);
                }
            });
        }
    });
    let newest = checkpoints.last().unwrap();
    for resource in Resource::new_between(0, newest.size) {
        let bytes = fs::read(path.join(resource.to_string()));
        let bytes = bytes.unwrap_or_else(|error| panic!("{resource}: {error}"));
        assert_eq!(Some(bytes), resource.bytes(&mut place.reader()).unwrap());
    }
}

#[test]
fn a_ledger_that_was_set_back_is_refused_with_what_to_do() {
    let place = filled(20);
    let old = fs::read(place.path()).unwrap();
    let folder = Folder::new(place.folder.path().join("elsewhere"));
    let ledger = place.open();
    ledger.append_all_blocking(one(500, 0)).unwrap();
    ledger.close();
    folder.publish(&mut place.reader(), &trust()).unwrap();
    for end in ["", "-wal", "-shm"] {
        let mut file = place.path().into_os_string();
        file.push(end);
        let _ = fs::remove_file(file);
    }
    fs::write(place.path(), old).unwrap();
    let error = folder.check(&mut place.reader(), &trust()).unwrap_err();
    assert!(matches!(
        error,
        PublishError::Behind {
            ours: 20,
            theirs: 21,
            ..
        }
    ));
    assert!(error.to_string().contains("--accept-loss"), "{error}");
    // And nothing over there was touched.
    assert_eq!(folder.newest(&trust()).unwrap().unwrap().size, 21);
}

#[test]
fn a_ledger_with_another_history_is_refused() {
    let place = filled(20);
    let other = Place::new();
    fs::copy(place.path(), other.path()).unwrap();
    let folder = Folder::new(place.folder.path().join("elsewhere"));
    for (place, stream) in [(&place, 900), (&other, 901)] {
        let ledger = place.open();
        ledger.append_all_blocking(one(stream, 0)).unwrap();
        ledger.append_all_blocking(one(stream, 1)).unwrap();
        ledger.close();
    }
    folder.publish(&mut place.reader(), &trust()).unwrap();
    assert!(matches!(
        folder.publish(&mut other.reader(), &trust()),
        Err(PublishError::Forked { size: 22, .. })
    ));
}

#[test]
fn what_is_no_checkpoint_of_this_ledger_is_refused() {
    let place = filled(3);
    let elsewhere = place.folder.path().join("elsewhere");
    let folder = Folder::new(&elsewhere);
    fs::create_dir(&elsewhere).unwrap();
    let stranger = SigningKey::from_secret("ledger.example/other", &[1; 32]).unwrap();
    let foreign = stranger.sign(3, tlog_tiles::Hash([1; 32])).unwrap();
    for text in ["", "no checkpoint\n", foreign.note.as_str()] {
        fs::write(elsewhere.join("checkpoint"), text).unwrap();
        assert!(matches!(
            folder.publish(&mut place.reader(), &trust()),
            Err(PublishError::Foreign { .. })
        ));
    }
}

#[test]
fn nothing_in_clear_leaves_the_ledger() {
    let place = filled(300);
    let elsewhere = place.folder.path().join("elsewhere");
    Folder::new(&elsewhere)
        .publish(&mut place.reader(), &trust())
        .unwrap();
    let mut folders = vec![elsewhere];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            let bytes = fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            for clear in ["990121", "noted", "number", project(3).as_str(), "project/"] {
                // The jurisdiction stands in the origin, which the operator chose.
                let in_name = clear == "990121" && entry.file_name() == "checkpoint";
                assert!(in_name || !text.contains(clear), "{clear} in {entry:?}");
            }
        }
    }
    assert!(files >= 6, "{files} files");
}

#[test]
fn a_receipt_survives_its_text_and_shows_only_what_was_opened() {
    let place = filled(300);
    let ledger = place.open();
    let newest = ledger.checkpoint().unwrap();
    for (envelope, payload) in [(false, false), (true, false), (false, true), (true, true)] {
        let open = Open { envelope, payload };
        let receipt = ledger.receipt(123, &newest, open).unwrap();
        let text = receipt.text();
        let back = Receipt::parse(&text).unwrap();
        assert_eq!(back, receipt);
        assert_eq!(back.verify(&trust()).unwrap().checkpoint.size, 300);
        assert_eq!(back.envelope.is_some(), envelope);
        assert_eq!(back.payload.is_some(), payload);
    }
    let mut forged = ledger
        .receipt(
            123,
            &newest,
            Open {
                envelope: true,
                payload: true,
            },
        )
        .unwrap();
    forged.payload.as_mut().unwrap().bytes = b"{\"number\":4}".to_vec();
    assert_eq!(
        forged.verify(&trust()).unwrap_err().to_string(),
        "the payload is not the one that was recorded"
    );
    forged.payload = None;
    forged.position = 124;
    assert!(forged.verify(&trust()).is_err());
    assert!(ledger.receipt(300, &newest, Open::default()).is_err());
    assert!(Receipt::parse("c2sp.org/tlog-proof@v1\n").is_err());
    let _ = key();
}

/// A disk whose `left`-th step fails: not done at all, or done by half.
struct Failing {
    left: AtomicI64,
    half: bool,
}

impl Failing {
    fn step(&self, done: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) != 0 {
            return done();
        }
        if self.half {
            done()?;
        }
        Err(io::Error::other("injected"))
    }
}

impl Disk for Failing {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.step(|| fs::create_dir_all(path))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = self.half && self.left.load(Ordering::SeqCst) == 0;
        self.step(|| {
            fs::write(
                path,
                if half {
                    &bytes[..bytes.len() / 2]
                } else {
                    bytes
                },
            )
        })
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.step(|| fs::File::open(path)?.sync_all())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| fs::rename(from, to))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step(|| fs::remove_dir_all(path))
    }
}

#[test]
fn a_fault_at_any_step_leaves_a_folder_that_is_whole_and_goes_on() {
    let place = filled(200);
    let ledger = place.open();
    let mut old = place.reader().checkpoint().unwrap().unwrap();
    for half in [false, true] {
        let elsewhere = place.folder.path().join(format!("elsewhere-{half}"));
        Folder::new(&elsewhere)
            .publish_at(&mut place.reader(), &trust(), &old)
            .unwrap();
        for step in 0.. {
            // Partial tiles grow, and now and then one becomes full.
            for version in 0..9 {
                let stream = 50_000 + step as u128 * 2 + u128::from(half);
                ledger.append_all_blocking(one(stream, version)).unwrap();
            }
            let disk = Arc::new(Failing {
                left: AtomicI64::new(step),
                half,
            });
            let failing = Folder::on(&elsewhere, disk.clone());
            let result = failing.publish(&mut place.reader(), &trust());
            let newest = ledger.checkpoint().unwrap();
            // Whatever happened, the folder is complete for the checkpoint that it has.
            let has = failing.newest(&trust()).unwrap().unwrap();
            assert!(has == old || has == newest, "step {step}: {}", has.size);
            let mut published = Tiles::of_folder(&elsewhere);
            let report = verify_published(&mut published, &trust(), &[], &mut |_, _| {}).unwrap();
            assert_eq!(report.entries, has.size, "step {step}");
            // And the next publication goes on.
            Folder::new(&elsewhere)
                .publish(&mut place.reader(), &trust())
                .unwrap();
            let report = verify_published(&mut published, &trust(), &[], &mut |_, _| {}).unwrap();
            assert_eq!(report.entries, newest.size);
            old = newest;
            if result.is_ok() && disk.left.load(Ordering::SeqCst) >= 0 {
                assert!(step > 10, "only {step} steps");
                break;
            }
        }
    }
}
