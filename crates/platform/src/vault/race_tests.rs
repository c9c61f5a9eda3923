//! A value stored while its person is erased: two threads, in every order that their steps can come in.

use std::sync::mpsc::{Receiver, Sender, channel};

use uuid::Uuid;

use super::{Reference, Vault, VaultError};

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

/// `open` opens the same vault again, as another program or node would.
pub(super) fn an_erased_person_stays_erased_in_every_order_of_storing_and_erasing(
    open: &dyn Fn() -> Vault,
) {
    // Storing takes three steps (key, value, second look), erasing two (key, values).
    let orders = orders(3, 2);
    assert_eq!(orders.len(), 10);
    for known in [false, true] {
        for (number, order) in orders.iter().enumerate() {
            let person = Uuid::from_u128(1 + number as u128 + if known { 100 } else { 0 });
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
            assert_eq!(storing.keys.get(person).unwrap(), None, "{order:?}");
            assert_eq!(storing.values.page(None, 10).unwrap(), [], "{order:?}");
            assert!(matches!(
                storing.store(person, "again"),
                Err(VaultError::Erased)
            ));
        }
    }
}

pub(super) fn many_who_store_while_one_erases_leave_nothing_readable(open: &dyn Fn() -> Vault) {
    let (vault, other) = (open(), open());
    for round in 0..20 {
        let person = Uuid::from_u128(1_000 + round);
        let references: Vec<Reference> = std::thread::scope(|scope| {
            let storing: Vec<_> = [&vault, &other, &vault, &other]
                .map(|vault| {
                    scope.spawn(|| {
                        (0..5)
                            .filter_map(|_| vault.store(person, "x").ok())
                            .collect::<Vec<_>>()
                    })
                })
                .into_iter()
                .collect();
            scope.spawn(|| vault.destroy(&[person]).unwrap());
            storing
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        for reference in references {
            assert_eq!(other.read(reference).unwrap(), None);
        }
        assert!(matches!(other.store(person, "x"), Err(VaultError::Erased)));
    }
}

/// Two nodes make the key of a new person at the same time: both use the one that was first.
pub(super) fn a_person_gets_one_key_however_many_are_first(open: &dyn Fn() -> Vault) {
    let (vault, other) = (open(), open());
    for round in 0..20 {
        let person = Uuid::from_u128(2_000 + round);
        let references: Vec<Reference> = std::thread::scope(|scope| {
            let storing = [&vault, &other, &vault, &other]
                .map(|vault| scope.spawn(move || vault.store(person, "王桂香").unwrap()));
            storing.map(|thread| thread.join().unwrap()).into()
        });
        for reference in references {
            let read = vault.read(reference).unwrap();
            assert_eq!(read, Some((person, "王桂香".to_owned())));
        }
    }
}
