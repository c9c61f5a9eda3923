//! Release after release: what is planted in it, who buys, when, and who bids.

use jiff::civil::Date;

use super::bidding::{self, Market};
use super::chance::Chance;
use super::document::{self, Release};
use super::plant::{Answer, Pattern, Plant};

/// A process in this many, patterns left out, shows a [`Plant`].
const PLANT_EVERY: u64 = 12;

pub(super) struct World {
    chance: Chance,
    start: i64,
    days: u64,
    releases: u64,
    buyers: u64,
    market: Market,
    planted: usize,
    pattern: Option<Pattern>,
    answers: Vec<Answer>,
}

impl World {
    pub(super) fn new(releases: u64, seed: u64, as_of: Date) -> Self {
        let span = 3 * 365;
        let epoch = jiff::civil::date(1970, 1, 1);
        // Cannot fail: dates of one calendar differ by days.
        let today = as_of
            .since((jiff::Unit::Day, epoch))
            .map_or(0, |span| i64::from(span.get_days()));
        Self {
            chance: Chance::of(seed),
            start: today - span - 120,
            days: span as u64,
            releases,
            buyers: (releases / 250).max(12),
            market: Market::new((releases / 12).max(40)),
            planted: 0,
            pattern: None,
            answers: Vec::new(),
        }
    }

    /// What was planted since this was asked last.
    pub(super) fn take_answers(&mut self) -> impl Iterator<Item = Answer> + '_ {
        self.answers.drain(..)
    }

    /// Appends the release of that number as one line.
    pub(super) fn release(&mut self, number: u64, line: &mut String) {
        let pattern = Pattern::of(number, self.releases);
        if pattern != self.pattern {
            self.answers
                .extend(pattern.into_iter().flat_map(Pattern::answers));
            self.pattern = pattern;
        }
        let plant = self.plant(pattern);
        let ocid = format!("ocds-kandeng-{number:08}");
        let buyer = match pattern {
            Some(Pattern::Refuser(buyer)) => buyer,
            _ => self.chance.below(self.buyers),
        };
        let method = match self.chance.below(20) {
            _ if plant == Plant::SingleBid => "open",
            0 => "selective",
            1 => "limited",
            _ => "open",
        };
        let start = (self.start + self.chance.below(self.days) as i64) * 86_400 + 8 * 3600;
        let period = match plant {
            Plant::ShortPeriod => 3 + self.chance.below(11),
            _ => 16 + self.chance.below(20),
        };
        let bids = self.market.bids(&mut self.chance, plant, pattern);
        let winner = bidding::winner(&bids, plant);
        self.market.note(&bids, winner);
        self.answers
            .extend(plant.answers(&ocid, &bids, winner.unwrap_or_default()));
        document::write(
            line,
            &Release {
                ocid: &ocid,
                number,
                buyer,
                method,
                start,
                end: start + period as i64 * 86_400 + 3600,
                bids: &bids,
                winner,
                class: class(number, pattern),
            },
        );
    }

    fn plant(&mut self, pattern: Option<Pattern>) -> Plant {
        if pattern.is_some() || self.chance.below(PLANT_EVERY) != 0 {
            return Plant::Honest;
        }
        self.planted += 1;
        Plant::numbered(self.planted)
    }
}

/// The class of what is awarded: one for most suppliers, two for those that win often, many for the
/// first of these.
fn class(number: u64, pattern: Option<Pattern>) -> u64 {
    match pattern {
        Some(Pattern::Trader(_, 0)) => 10 + (number * 7) % 24,
        Some(Pattern::Trader(_, place)) => 40 + place + number % 2,
        _ => 72,
    }
}
