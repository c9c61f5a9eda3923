//! As many steps at work at a time as there are threads. Of those that wait, the one whose turn comes first goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::plan::{Step, Work};

/// Gives permits, by place.
#[derive(Clone)]
pub(super) struct Turns {
    state: Arc<Mutex<State>>,
}

struct State {
    free: usize,
    /// By place, and among equal places by who asked first.
    waiting: BTreeMap<(usize, u64), oneshot::Sender<Turn>>,
    asked: u64,
}

/// A permit to work, given back when it is dropped.
pub(super) struct Turn {
    /// None once it has been handed on.
    turns: Option<Turns>,
}

impl Turns {
    pub(super) fn new(threads: usize) -> Self {
        let state = State {
            free: threads.max(1),
            waiting: BTreeMap::new(),
            asked: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Waits until it is the turn of a step of this place.
    pub(super) async fn take(&self, place: usize) -> Turn {
        loop {
            let turn = {
                let mut state = self.lock();
                if state.free > 0 {
                    state.free -= 1;
                    return self.turn();
                }
                let (give, turn) = oneshot::channel();
                let asked = state.asked;
                state.asked += 1;
                state.waiting.insert((place, asked), give);
                turn
            };
            // Fails only if the sender was dropped unused, which nothing does; then ask again.
            if let Ok(turn) = turn.await {
                return turn;
            }
        }
    }

    fn turn(&self) -> Turn {
        Turn {
            turns: Some(self.clone()),
        }
    }

    /// Hands a permit on to whoever is next.
    fn give(&self) {
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.waiting.pop_first();
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some((_, next)) = next else { return };
            match next.send(self.turn()) {
                Ok(()) => return,
                // Whoever waited has gone.
                Err(mut unsent) => unsent.turns = None,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave it half-changed: nothing here panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.give();
        }
    }
}

/// The places of steps: what needs the fewest tables that are not there yet comes first, right after those tables. So
/// every table is soon done with, and few are held at a time.
pub(super) fn places(steps: &[Step], wanted: &[usize]) -> Vec<usize> {
    let mut places = vec![usize::MAX; steps.len()];
    let mut open: Vec<usize> = wanted
        .iter()
        .copied()
        .filter(|step| !matches!(steps[*step].work, Work::Shared(_)))
        .collect();
    let mut next = 0;
    loop {
        let missing = open
            .iter()
            .enumerate()
            .map(|(place, step)| (missing_tables(steps, *step, &places), place))
            .min_by_key(|(missing, place)| (missing.len(), *place));
        let Some((tables, place)) = missing else {
            return places;
        };
        for step in tables.into_iter().chain([open.remove(place)]) {
            places[step] = next;
            next += 1;
        }
    }
}

/// The steps without a place whose tables a step reads, itself or through others, each after those that it reads.
fn missing_tables(steps: &[Step], step: usize, places: &[usize]) -> Vec<usize> {
    let mut missing = Vec::new();
    let mut open = vec![(step, false)];
    while let Some((table, is_read)) = open.pop() {
        if is_read {
            if table != step && !missing.contains(&table) {
                missing.push(table);
            }
            continue;
        }
        open.push((table, true));
        let unplaced = steps[table]
            .reads
            .iter()
            .filter(|read| places[**read] == usize::MAX);
        open.extend(unplaced.map(|read| (*read, false)));
    }
    missing
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn whoever_comes_first_goes_first_not_whoever_asked_first() {
        let turns = Turns::new(1);
        let held = turns.take(9).await;
        let done = Arc::new(Mutex::new(Vec::new()));
        let work = [5, 3, 8, 3].map(|place| {
            let (turns, done) = (turns.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let _turn = turns.take(place).await;
                done.lock().unwrap().push(place);
            })
        });
        while turns.lock().waiting.len() < work.len() {
            tokio::task::yield_now().await;
        }
        drop(held);
        for work in work {
            work.await.unwrap();
        }
        assert_eq!(*done.lock().unwrap(), [3, 3, 5, 8]);
    }

    #[tokio::test]
    async fn a_turn_is_not_lost_with_those_who_gave_up_waiting() {
        let turns = Turns::new(1);
        let held = turns.take(0).await;
        let gone = tokio::time::timeout(Duration::from_millis(10), turns.take(1)).await;
        assert!(gone.is_err());
        drop(held);
        drop(turns.take(2).await);
        assert_eq!(turns.lock().free, 1);
    }
}
