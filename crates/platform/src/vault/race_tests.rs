//! A value stored while its person is erased: two threads, in every order that their steps can come in.

use std::sync::mpsc::{Receiver, Sender, channel};

use uuid::Uuid;

use super::{MasterKey, Reference, Vault, VaultError};

/// A thread that takes a step when it is told to.
struct Walker<T> {
    go: Sender<()>,
    stopped: Receiver<Option<T>>,
}

impl<T: Send> Walker<T> {
    fn start<'scope, 'env>(
        scope: &'scope std::thread::Scope<'scope, 'env>,
        work: impl FnOnce(&mut dyn FnMut()) -> T + Send + 'scope,
    ) -> Self
    where
        T: 'scope,
    {
        let (go, wait) = channel::<()>();
        let (stop, stopped) = channel();
        scope.spawn(move || {
            wait.recv().unwrap();
            let result = work(&mut || {
                stop.send(None).unwrap();
                wait.recv().unwrap();
            });
            stop.send(Some(result)).unwrap();
        });
        Self { go, stopped }
    }

    /// One step further; what came of all when it was the last.
    fn step(&self) -> Option<T> {
        self.go.send(()).unwrap();
        self.stopped.recv().unwrap()
    }
}

/// All ways to put `ours` and `theirs` steps in one order.
fn orders(ours: usize, theirs: usize) -> Vec<Vec<bool>> {
    if ours == 0 || theirs == 0 {
        return vec![[vec![true; ours], vec![false; theirs]].concat()];
    }
    let begin = |first: bool, rest: Vec<Vec<bool>>| {
        rest.into_iter()
            .map(move |order| [vec![first], order].concat())
    };
    begin(true, orders(ours - 1, theirs))
        .chain(begin(false, orders(ours, theirs - 1)))
        .collect()
}

#[test]
fn an_erased_person_stays_erased_in_every_order_of_storing_and_erasing() {
    // Storing takes three steps (key, value, second look), erasing two (key, values).
    let orders = orders(3, 2);
    assert_eq!(orders.len(), 10);
    let folder = tempfile::tempdir().unwrap();
    let (keys, database) = (
        folder.path().join("people.db"),
        folder.path().join("kandeng.db"),
    );
    let master = MasterKey::generate().unwrap();
    let open = || {
        let vault = Vault::open(&keys, &database, master.clone()).unwrap();
        vault.erasures_replayed();
        vault
    };
    for known in [false, true] {
        for (number, order) in orders.iter().enumerate() {
            let person = Uuid::from_u128(1 + number as u128 + if known { 100 } else { 0 });
            // Two vaults, as two programs would have.
            let (storing, erasing) = (open(), open());
            let earlier = known.then(|| storing.store(person, "earlier").unwrap());
            let (mut stored, mut erased) = (None, None);
            std::thread::scope(|scope| {
                let store = Walker::start(scope, |pause| {
                    storing.store_in_steps(person, "王桂香", pause)
                });
                let erase =
                    Walker::start(scope, |pause| erasing.destroy_in_steps(&[person], pause));
                for ours in order {
                    // Who was refused at the first step has no more.
                    if *ours && stored.is_none() {
                        stored = store.step();
                    } else if !*ours {
                        erased = erase.step();
                    }
                }
            });
            erased.unwrap().unwrap();
            let told: Result<Reference, VaultError> = stored.unwrap();
            // Whether or not it was too late to be told, nobody reads it.
            for reference in told.iter().chain(&earlier) {
                assert_eq!(erasing.read(*reference).unwrap(), None, "{order:?}");
            }
            assert!(matches!(told, Ok(_) | Err(VaultError::Erased)), "{order:?}");
            // No new key, no value left lying about, and none ever again.
            let left = |table: &str, path| -> i64 {
                let sql = format!("select count(*) from {table} where person = ?1");
                let connection = rusqlite::Connection::open(path).unwrap();
                let count = connection.query_row(&sql, [&person.as_bytes()[..]], |row| row.get(0));
                count.unwrap()
            };
            assert_eq!(left("person_keys", &keys), 0, "{order:?}");
            assert_eq!(left("vault_values", &database), 0, "{order:?}");
            assert!(matches!(
                storing.store(person, "again"),
                Err(VaultError::Erased)
            ));
        }
    }
}

#[test]
fn many_who_store_while_one_erases_leave_nothing_readable() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, database) = (
        folder.path().join("people.db"),
        folder.path().join("kandeng.db"),
    );
    let vault = Vault::open(&keys, &database, MasterKey::generate().unwrap()).unwrap();
    vault.erasures_replayed();
    for round in 0..20 {
        let person = Uuid::from_u128(1_000 + round);
        let references: Vec<Reference> = std::thread::scope(|scope| {
            let storing: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..5)
                            .filter_map(|_| vault.store(person, "x").ok())
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            scope.spawn(|| vault.destroy(&[person]).unwrap());
            storing
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        for reference in references {
            assert_eq!(vault.read(reference).unwrap(), None);
        }
        assert!(matches!(vault.store(person, "x"), Err(VaultError::Erased)));
    }
}
