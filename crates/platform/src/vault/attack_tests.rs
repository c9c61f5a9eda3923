//! Erasure as an attacker would try to undo it: with the master key, every live file, its WAL, and the backup
//! in hand.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{MasterKey, Vault, bound_to, seal};

/// Bytes of a wrapped key: nonce, key, tag.
const WRAPPED: usize = 24 + 32 + 16;

struct House {
    folder: tempfile::TempDir,
    master: MasterKey,
}

impl House {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            master: MasterKey::generate().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Vault {
        let (keys, database) = (self.path("people.db"), self.path("kandeng.db"));
        let vault = Vault::open(&keys, &database, self.master.clone()).unwrap();
        vault.erasures_replayed();
        vault
    }

    /// All bytes of the files whose name begins so, WAL and journal among them.
    fn files(&self, names: &[&str]) -> Vec<Vec<u8>> {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                names.iter().any(|start| name.starts_with(start))
            })
            .map(|path| std::fs::read(path).unwrap())
            .collect()
    }
}

/// Every key of the person that can be unwrapped from anywhere in the files, at whatever offset it stands.
fn keys_found(files: &[Vec<u8>], master: &MasterKey, person: Uuid) -> Vec<[u8; 32]> {
    let mut found = Vec::new();
    for window in files.iter().flat_map(|file| file.windows(WRAPPED)) {
        // Most of a server's files is zeros, and no nonce is.
        if window[..16] == [0; 16] {
            continue;
        }
        if let Ok(key) = seal::open(master.bytes(), person.as_bytes(), window) {
            found.push(key.try_into().unwrap());
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

#[test]
fn an_erased_person_cannot_be_read_with_everything_but_the_key_in_hand() {
    let house = House::new();
    let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let vault = house.open();
    let reference = vault.store(person, "住在三楼的王奶奶").unwrap();
    let kept = vault.store(other, "somebody else").unwrap();
    drop(vault);
    // The ordinary backup: the node's database. And, apart, a copy of the keys.
    copy(&house.path("kandeng.db"), &house.path("backup-kandeng.db"));
    copy(&house.path("people.db"), &house.path("keycopy-people.db"));

    // The attack works before: it finds the key in the live files, and the value opens.
    let live = ["people.db", "kandeng.db", "backup-kandeng.db"];
    let keys = keys_found(&house.files(&live), &house.master, person);
    assert!(!keys.is_empty());
    let backup = rusqlite::Connection::open(house.path("backup-kandeng.db")).unwrap();
    let sealed: Vec<u8> = backup
        .query_row(
            "select sealed from vault_values where reference = ?1",
            [&reference.0.as_bytes()[..]],
            |row| row.get(0),
        )
        .unwrap();
    let opened = seal::open(&keys[0], &bound_to(person, reference.0), &sealed).unwrap();
    assert_eq!(String::from_utf8(opened).unwrap(), "住在三楼的王奶奶");

    let vault = house.open();
    vault.destroy(&[person]).unwrap();
    assert_eq!(vault.read(reference).unwrap(), None);
    // While the node runs, and after it stopped.
    assert_eq!(
        keys_found(&house.files(&live), &house.master, person),
        [[0; 32]; 0]
    );
    drop(vault);
    assert_eq!(
        keys_found(&house.files(&live), &house.master, person),
        [[0; 32]; 0]
    );
    // As long as a copy of the keys lives, so does the person: that is why such copies lapse.
    let copied = house.files(&["keycopy"]);
    assert!(!keys_found(&copied, &house.master, person).is_empty());

    let vault = house.open();
    let (whose, value) = vault.read(kept).unwrap().unwrap();
    assert_eq!((whose, value.as_str()), (other, "somebody else"));
}

#[test]
fn a_rotated_master_key_opens_everything_and_the_old_one_nothing() {
    let mut house = House::new();
    let vault = house.open();
    let person = Uuid::from_u128(1);
    let reference = vault.store(person, "138 0000 0000").unwrap();
    let new = MasterKey::generate().unwrap();
    assert_eq!(vault.rotate(new.clone()).unwrap(), 1);
    assert!(vault.read(reference).unwrap().is_some());
    drop(vault);
    let files = house.files(&["people.db", "kandeng.db"]);
    assert!(keys_found(&files, &house.master, person).is_empty());
    let old = Vault::open(
        &house.path("people.db"),
        &house.path("kandeng.db"),
        house.master.clone(),
    );
    assert!(matches!(
        old.err(),
        Some(super::VaultError::WrongMaster { .. })
    ));
    house.master = new;
    assert!(house.open().read(reference).unwrap().is_some());
}

#[test]
fn no_value_stands_in_clear_in_any_file() {
    let house = House::new();
    let vault = house.open();
    for number in 0..200_u128 {
        vault
            .store(Uuid::from_u128(number), "王桂香 510823")
            .unwrap();
    }
    for file in house.files(&["people.db", "kandeng.db"]) {
        for clear in ["王桂香", "510823"] {
            let found = file
                .windows(clear.len())
                .any(|window| window == clear.as_bytes());
            assert!(!found, "{clear}");
        }
    }
}

/// Everything in the files that could be a key of 32 bytes: as it stands, or in hexadecimal digits.
fn possible_keys(files: &[Vec<u8>]) -> Vec<[u8; 32]> {
    let mut found = Vec::new();
    for file in files {
        found.extend(
            file.windows(32)
                .map(|window| <[u8; 32]>::try_from(window).unwrap()),
        );
        for window in file.windows(64) {
            let digits = window.iter().all(u8::is_ascii_hexdigit);
            if digits && let Some(key) = unhex(std::str::from_utf8(window).unwrap()) {
                found.push(key);
            }
        }
    }
    found
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(key)
}

/// What the backups of keys hold, opened by whatever key can be found in `files`; as text, the wrapped keys
/// in it as bytes again.
fn opened_backups(backups: &[Vec<u8>], files: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut opened = Vec::new();
    for backup in backups {
        let end = backup.iter().position(|byte| *byte == b'\n').unwrap();
        for key in possible_keys(files) {
            if let Ok(contents) = seal::open(&key, &backup[..end], &backup[end + 1..]) {
                let contents: serde_json::Value = serde_json::from_slice(&contents).unwrap();
                for person in contents["keys"].as_array().unwrap() {
                    let wrapped = person["wrapped"].as_array().unwrap();
                    opened.push(
                        wrapped
                            .iter()
                            .map(|byte| byte.as_u64().unwrap() as u8)
                            .collect(),
                    );
                }
            }
        }
    }
    opened
}

#[test]
fn once_the_backup_of_keys_has_lapsed_an_erased_person_cannot_be_read_with_everything_in_hand() {
    let house = House::new();
    let person = Uuid::from_u128(1);
    let now: jiff::Timestamp = "2026-06-30T08:00:00Z".parse().unwrap();
    let days = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
    let backups = super::KeyBackups::new(&house.path("wrapping"), 30).unwrap();
    let vault = house.open();
    let reference = vault.store(person, "住在三楼的王奶奶").unwrap();
    // Both backups: the node's database, and the keys.
    copy(&house.path("kandeng.db"), &house.path("backup-kandeng.db"));
    copy(
        &house.path("kandeng.db-wal"),
        &house.path("backup-kandeng.db-wal"),
    );
    let made = backups
        .make(&vault, &house.path("backup-keys"), now)
        .unwrap();
    assert_eq!(made.lapses, days(30));

    // In the attacker's hands: the master key, every file of the house with its WAL, both backups, and the
    // folder of wrapping keys.
    let everything = || {
        let mut files = house.files(&[""]);
        files.extend(
            std::fs::read_dir(house.path("wrapping"))
                .unwrap()
                .map(|entry| std::fs::read(entry.unwrap().path()).unwrap()),
        );
        files
    };
    let found = || {
        let files = everything();
        let backups = house.files(&["backup-keys"]);
        let live = keys_found(&files, &house.master, person);
        let backed_up = keys_found(&opened_backups(&backups, &files), &house.master, person);
        (live, backed_up)
    };
    let read = |key: &[u8; 32]| {
        let backup = rusqlite::Connection::open(house.path("backup-kandeng.db")).unwrap();
        let sealed: Vec<u8> = backup
            .query_row(
                "select sealed from vault_values where reference = ?1",
                [&reference.0.as_bytes()[..]],
                |row| row.get(0),
            )
            .unwrap();
        seal::open(key, &bound_to(person, reference.0), &sealed)
    };
    // Before erasing the attack works, both ways.
    let (live, backed_up) = found();
    assert_eq!(read(&live[0]).unwrap(), "住在三楼的王奶奶".as_bytes());
    assert_eq!(read(&backed_up[0]).unwrap(), "住在三楼的王奶奶".as_bytes());

    vault.destroy(&[person]).unwrap();
    // As long as the backup of keys lives, and no longer.
    assert!(backups.lapse(days(29)).unwrap().is_empty());
    let (live, backed_up) = found();
    assert_eq!(live, [[0; 32]; 0]);
    assert_eq!(backed_up.len(), 1);
    assert_eq!(backups.lapse(days(30)).unwrap(), [made.id]);
    for running in [true, false] {
        if !running {
            drop(house.open());
        }
        let (live, backed_up) = found();
        assert_eq!(
            (live, backed_up),
            (Vec::new(), Vec::new()),
            "running: {running}"
        );
    }
    // Nor does the front door open.
    let lapsed = backups.restore(&house.path("backup-keys"), &house.path("new.db"), days(30));
    assert!(matches!(lapsed, Err(super::VaultError::Lapsed { .. })));
    assert!(!house.path("new.db").exists());
}

/// All bytes of a folder's files and those of the folders in it.
fn everything_in(folder: &Path) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(everything_in(&path));
        } else if path.is_file() {
            files.push(std::fs::read(path).unwrap());
        }
    }
    files
}

#[test]
#[ignore = "needs PostgreSQL"]
fn on_a_server_an_erased_person_is_shut_at_once_and_gone_once_the_master_key_was_changed() {
    let server = super::conformance_tests::server::Server::start();
    let (old, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let open = |master: &MasterKey| {
        let at =
            kandeng_ledger::store::postgres::Address::parse(&server.address("county")).unwrap();
        let vault = Vault::open_shared(at.clone(), at, master.clone()).unwrap();
        vault.erasures_replayed();
        vault
    };
    let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (one, two) = (open(&old), open(&old));
    let reference = one.store(person, "住在三楼的王奶奶").unwrap();
    let kept = one.store(other, "somebody else").unwrap();
    // Somebody has a dump of the sealed values: the ordinary backup.
    let sealed = one.values.get(reference).unwrap().unwrap().sealed;
    let wrapped = |vault: &Vault, person| vault.keys.get(person).unwrap().unwrap().wrapped;
    let before = wrapped(&one, person);
    // The server's disk: the database, and the log in which everything is first.
    let database: String = server
        .client("county")
        .query_one(
            "select oid::text from pg_database where datname = current_database()",
            &[],
        )
        .unwrap()
        .get(0);
    let data = server.socket().parent().unwrap().join("data");
    let disk = || {
        let mut files = everything_in(&data.join("base").join(&database));
        files.extend(everything_in(&data.join("pg_wal")));
        files
    };
    let lies_in = |files: &[Vec<u8>], key: &[u8]| {
        files
            .iter()
            .any(|file| file.windows(key.len()).any(|window| window == key))
    };

    one.destroy(&[person]).unwrap();
    // Through any node nobody opens it from here on, and none was started anew.
    assert_eq!(two.read(reference).unwrap(), None);
    assert!(matches!(
        two.store(person, "again"),
        Err(super::VaultError::Erased)
    ));
    // With the server's disk and the master key in hand the attack still works: PostgreSQL keeps what was
    // written, if only in its log. This is why the master key is changed every thirty days.
    assert!(lies_in(&disk(), &before));
    let key = seal::open(old.bytes(), person.as_bytes(), &before).unwrap();
    let key = key.try_into().unwrap();
    let opened = seal::open(&key, &bound_to(person, reference.0), &sealed).unwrap();
    assert_eq!(opened, "住在三楼的王奶奶".as_bytes());

    one.rotate(new.clone()).unwrap();
    // Nodes that go on with the old key are told; nothing that they would close by it is kept.
    for told in [two.read(kept).err(), two.store(other, "more").err()] {
        assert!(matches!(told, Some(super::VaultError::WrongMaster { .. })));
    }
    // The old master key is destroyed: the new one finds everybody but the erased, on disk and in the log.
    let anew = wrapped(&one, other);
    drop((one, two));
    server.client("county").batch_execute("checkpoint").unwrap();
    let files = disk();
    assert!(lies_in(&files, &anew));
    assert_eq!(keys_found(&files, &new, person), [[0; 32]; 0]);
    let (whose, value) = open(&new).read(kept).unwrap().unwrap();
    assert_eq!((whose, value.as_str()), (other, "somebody else"));
}
