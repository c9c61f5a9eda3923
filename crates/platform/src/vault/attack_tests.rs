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
        Vault::open(&keys, &database, self.master.clone()).unwrap()
    }

    /// All bytes of the files whose name begins so, WAL and journal among them.
    fn files(&self, names: &[&str]) -> Vec<Vec<u8>> {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
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
    vault.destroy(person).unwrap();
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
fn a_value_moved_to_another_person_does_not_open() {
    let house = House::new();
    let vault = house.open();
    let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let reference = vault.store(person, "mine").unwrap();
    vault.store(other, "theirs").unwrap();
    super::lock(&vault.values)
        .execute(
            "update vault_values set person = ?1 where reference = ?2",
            [&other.as_bytes()[..], &reference.0.as_bytes()[..]],
        )
        .unwrap();
    assert!(matches!(
        vault.read(reference),
        Err(super::VaultError::Changed)
    ));
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
