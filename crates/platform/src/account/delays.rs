//! How long somebody waits before trying to sign in again: longer with each failure, for the account that is tried
//! and for the address it is tried from. Kept by each node for itself, since it is no record of anything.
//!
//! A try counts as a failure from its beginning until it has worked: whoever tries many at once has tried many.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures that cost nothing: people mistype.
const FREE: u32 = 3;

/// Failures from one address that cost nothing: an office has one address.
const FREE_OF_ADDRESS: u32 = 20;

/// The longest wait, in seconds.
const LONGEST: i64 = 15 * 60;

/// Failures of a login are forgotten after this time without another.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// Of an address, one failure is forgotten after this time: in an office somebody mistypes every day.
const FADES: SignedDuration = SignedDuration::from_mins(10);

/// The most accounts and addresses that are remembered. Beyond it the oldest are forgotten.
const MOST: usize = 20_000;

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// A name to sign in by, whether or not there is one: the hash of it, which is as short for long ones, and keeps
    /// nothing of what somebody typed into the wrong field.
    Login(String),
    /// An address.
    Address(String),
}

impl Of {
    fn free(&self) -> u32 {
        match self {
            Self::Login(_) => FREE,
            Self::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Failures {
    times: u32,
    last: Timestamp,
}

impl Failures {
    /// What is left of them at `now`.
    fn faded(self, of: &Of, now: Timestamp) -> Self {
        let since = self.last.duration_until(now);
        let times = match of {
            Of::Login(_) if since > FORGOTTEN => 0,
            Of::Login(_) => self.times,
            Of::Address(_) => {
                let faded = since.as_secs() / FADES.as_secs();
                self.times
                    .saturating_sub(u32::try_from(faded).unwrap_or(u32::MAX))
            }
        };
        Self { times, ..self }
    }

    fn wait(self, of: &Of, now: Timestamp) -> Option<SignedDuration> {
        let ready = self.last.saturating_add(pause(of, self.times)).ok()?;
        (ready > now).then(|| now.duration_until(ready))
    }
}

/// A try that has begun.
#[derive(Debug)]
pub(super) struct Try {
    /// How many times in a row the login has failed if this one does.
    pub(super) times: u32,
    login: Of,
    address: Of,
    before: Option<Failures>,
    counted: Failures,
}

/// Failures by account and address.
#[derive(Default)]
pub(super) struct Delays(Mutex<HashMap<Of, Failures>>);

impl Delays {
    /// Begins a try, which counts as a failure from here on.
    ///
    /// # Errors
    /// How long somebody has yet to wait; then nothing is counted.
    pub(super) fn begin(
        &self,
        login: Of,
        address: Of,
        now: Timestamp,
    ) -> Result<Try, SignedDuration> {
        let mut all = self.lock();
        for of in [&login, &address] {
            if let Some(failures) = all.get_mut(of) {
                // Where the clock was set back, nobody waits until it has caught up.
                failures.last = failures.last.min(now);
                if let Some(wait) = failures.faded(of, now).wait(of, now) {
                    return Err(wait);
                }
            }
        }
        if all.len() >= MOST {
            // Whoever failed lately stays.
            let mut times: Vec<Timestamp> = all.values().map(|failures| failures.last).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            all.retain(|_, failures| failures.last > middle);
        }
        let mut count = |of: &Of| {
            let before = all.get(of).copied();
            let times = before.map_or(0, |before| before.faded(of, now).times);
            let counted = Failures {
                times: times.saturating_add(1),
                last: now,
            };
            all.insert(of.clone(), counted);
            (before, counted)
        };
        let times = count(&login).1.times;
        let (before, counted) = count(&address);
        Ok(Try {
            times,
            login,
            address,
            before,
            counted,
        })
    }

    /// It worked: the login's failures count no more, and for the address it is as if nobody had tried.
    pub(super) fn worked(&self, tried: Try) {
        let mut all = self.lock();
        all.remove(&tried.login);
        match (all.get_mut(&tried.address), tried.before) {
            (Some(now), Some(before)) if *now == tried.counted => *now = before,
            (Some(now), None) if *now == tried.counted => {
                all.remove(&tried.address);
            }
            // Others tried meanwhile.
            (Some(now), _) => now.times = now.times.saturating_sub(1),
            (None, _) => {}
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Of, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 1, 2, 4 … seconds after those that are free.
fn pause(of: &Of, times: u32) -> SignedDuration {
    let beyond = times.saturating_sub(of.free());
    let seconds = match beyond {
        0 => 0,
        _ => 1_i64
            .checked_shl(beyond - 1)
            .filter(|seconds| *seconds > 0)
            .unwrap_or(LONGEST),
    };
    SignedDuration::from_secs(seconds.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000 + seconds)
    }

    fn login(name: &str) -> Of {
        Of::Login(name.to_owned())
    }

    fn address(name: &str) -> Of {
        Of::Address(name.to_owned())
    }

    /// Fails so many times, each as soon as it may, and gives the waits in between and the moment of the last.
    fn waits(delays: &Delays, times: u32, of: impl Fn(u32) -> (Of, Of)) -> (Vec<i64>, i64) {
        let (mut now, mut waits) = (0, Vec::new());
        for time in 0..times {
            let (login, address) = of(time);
            let waited = match delays.begin(login.clone(), address.clone(), at(now)) {
                Ok(_) => 0,
                Err(wait) => {
                    now += wait.as_secs();
                    delays.begin(login, address, at(now)).unwrap();
                    wait.as_secs()
                }
            };
            waits.push(waited);
        }
        (waits, now)
    }

    #[test]
    fn waiting_doubles_with_each_failure_and_has_an_end() {
        let delays = Delays::default();
        let from = |time: u32| (login("a"), address(&time.to_string()));
        let (waited, now) = waits(&delays, 70, from);
        assert_eq!(waited[..9], [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(waited[69], LONGEST);
        let again = |now| delays.begin(login("a"), address("x"), at(now));
        assert!(again(now + LONGEST - 1).is_err());
        let tried = again(now + LONGEST).unwrap();
        assert_eq!(tried.times, 71);
        delays.worked(tried);
        assert_eq!(again(now + LONGEST).unwrap().times, 1);
    }

    #[test]
    fn an_office_with_one_address_is_not_locked_out_by_a_few_who_mistype() {
        let delays = Delays::default();
        let of = |time: u32| (login(&time.to_string()), address("192.0.2.1"));
        let (waited, _) = waits(&delays, FREE_OF_ADDRESS + 3, of);
        assert!(
            waited[..=FREE_OF_ADDRESS as usize]
                .iter()
                .all(|waited| *waited == 0)
        );
        assert_eq!(waited[FREE_OF_ADDRESS as usize + 1..], [1, 2]);
    }

    #[test]
    fn an_address_where_somebody_mistypes_now_and_then_waits_never() {
        let delays = Delays::default();
        for time in 0..500 {
            let of = login(&time.to_string());
            assert!(
                delays
                    .begin(of, address("192.0.2.1"), at(time * 600))
                    .is_ok()
            );
        }
    }

    #[test]
    fn asking_again_and_again_shortens_no_wait_and_ten_minutes_are_enough() {
        let delays = Delays::default();
        let of = |time: u32| (login(&time.to_string()), address("192.0.2.1"));
        let (_, now) = waits(&delays, 60, of);
        let again = |seconds| delays.begin(login("a"), address("192.0.2.1"), at(now + seconds));
        for _ in 0..100 {
            assert_eq!(again(599).unwrap_err().as_secs(), LONGEST - 599);
        }
        assert!(again(600).is_ok());
    }

    #[test]
    fn a_try_that_worked_leaves_the_address_as_it_was() {
        let delays = Delays::default();
        let office = address("192.0.2.1");
        for time in 0..10 {
            delays
                .begin(login(&time.to_string()), office.clone(), at(0))
                .unwrap();
        }
        let before = delays.lock()[&office];
        let tried = delays.begin(login("a"), office.clone(), at(5)).unwrap();
        delays.worked(tried);
        assert_eq!(delays.lock()[&office], before);
        // Also where others fail meanwhile.
        let tried = delays.begin(login("a"), office.clone(), at(5)).unwrap();
        delays.begin(login("b"), office.clone(), at(6)).unwrap();
        delays.worked(tried);
        assert_eq!(delays.lock()[&office].times, before.times + 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let delays = Delays::default();
        for number in 0..(MOST as i64 + 100) {
            let of = login(&number.to_string());
            delays
                .begin(of, address(&number.to_string()), at(number))
                .unwrap();
        }
        // Two for each try, and looked at before it.
        assert!(delays.lock().len() <= MOST + 1);
        let newest = login(&(MOST + 99).to_string());
        assert!(delays.lock().contains_key(&newest));
    }

    #[test]
    fn failures_of_yesterday_are_forgotten() {
        let delays = Delays::default();
        let from = |time: u32| (login("a"), address(&time.to_string()));
        let (_, now) = waits(&delays, 10, from);
        let tried = delays.begin(login("a"), address("x"), at(now + 25 * 3_600));
        assert_eq!(tried.unwrap().times, 1);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_they_had_to() {
        let delays = Delays::default();
        let from = |time: u32| (login("a"), address(&time.to_string()));
        let (_, now) = waits(&delays, 6, from);
        let back = now - 86_400;
        let again = |now| delays.begin(login("a"), address("x"), at(now));
        assert_eq!(again(back).unwrap_err().as_secs(), 4);
        assert_eq!(again(back + 3).unwrap_err().as_secs(), 1);
        assert!(again(back + 4).is_ok());
    }
}
