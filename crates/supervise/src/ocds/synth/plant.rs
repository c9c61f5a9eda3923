//! What is planted: irregular processes in turn, and in every cohort of releases organisations that
//! stand out by what they do again and again.

use super::bidding::Bid;
use super::{buyer_id, supplier_id, unit_id};

/// A rule, a kind of subject and the subject that the rule must flag.
pub(super) type Answer = (&'static str, &'static str, String);

/// What a planted process shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// Nothing out of the ordinary.
    Honest,
    ShortPeriod,
    SingleBid,
    ClosePrice,
    SamePrice,
    LateBid,
    AloneQualified,
    LowestRefused,
    Discounted,
}

/// Planted in this order, again and again.
const PLANTS: [Plant; 8] = [
    Plant::ShortPeriod,
    Plant::SingleBid,
    Plant::ClosePrice,
    Plant::SamePrice,
    Plant::LateBid,
    Plant::AloneQualified,
    Plant::LowestRefused,
    Plant::Discounted,
];

impl Plant {
    /// The plant of that number.
    pub(super) fn numbered(number: usize) -> Self {
        PLANTS[number % PLANTS.len()]
    }

    /// What it must be flagged for.
    pub(super) fn answers(self, ocid: &str, bids: &[Bid], winner: u64) -> Vec<Answer> {
        let mut in_order: Vec<&Bid> = bids.iter().collect();
        in_order.sort_by_key(|bid| bid.fen);
        let (rule, tenderers) = match self {
            Self::Honest => return Vec::new(),
            Self::ShortPeriod => ("R003", vec![]),
            Self::SingleBid => ("R018", vec![]),
            Self::ClosePrice => ("R024", vec![winner, in_order[1].tenderer]),
            Self::SamePrice => ("R028", vec![in_order[1].tenderer, in_order[2].tenderer]),
            Self::LateBid => ("R030", vec![winner]),
            Self::AloneQualified => ("R035", vec![winner]),
            Self::LowestRefused => ("R036", vec![]),
            Self::Discounted => ("R058", vec![winner]),
        };
        let mut answers = vec![(rule, "process", ocid.to_owned())];
        for tenderer in tenderers {
            answers.push((rule, "tenderer", supplier_id(tenderer)));
        }
        answers
    }
}

/// Releases that plant every pattern once.
const COHORT: u64 = 2000;
/// Releases of a cohort below which it has no patterns: they would be too large a part of it.
const SMALLEST: u64 = 500;
/// Processes that the loser bids in: half as many again as others do.
const LOST: u64 = 62;
/// Processes of the junk bidder, and of the buyer that refuses bids.
const JUNK: u64 = 8;
/// Processes that each trader wins: the compared suppliers must reach twenty.
const WON: u64 = 24;
const TRADERS: u64 = 5;

/// An organisation that stands out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Bids often and never wins.
    Loser(u64),
    /// Its bids are disqualified.
    Junk(u64),
    /// One of the suppliers that win often, with the place among them; the first supplies everything.
    Trader(u64, u64),
    /// A buyer that disqualifies bids.
    Refuser(u64),
}

impl Pattern {
    /// The pattern that a release belongs to. Of `releases`, the last cohort may be too small for any.
    pub(super) fn of(number: u64, releases: u64) -> Option<Self> {
        let (cohort, place) = (number / COHORT, number % COHORT);
        if releases - cohort * COHORT < SMALLEST {
            return None;
        }
        // Fictional companies of patterns have numbers of their own, ten to a cohort.
        let company = 900_000 + cohort * 10;
        let (junk, traders) = (LOST, LOST + JUNK);
        let refuser = traders + TRADERS * WON;
        match place {
            n if n < junk => Some(Self::Loser(company + 1)),
            n if n < traders => Some(Self::Junk(company + 2)),
            n if n < refuser => {
                let trader = (n - traders) / WON;
                Some(Self::Trader(company + 3 + trader, trader))
            }
            n if n < refuser + JUNK => Some(Self::Refuser(9000 + cohort)),
            _ => None,
        }
    }

    /// The company that bids in every process of the pattern.
    pub(super) fn bidder(self) -> Option<u64> {
        match self {
            Self::Loser(company) | Self::Junk(company) | Self::Trader(company, _) => Some(company),
            Self::Refuser(_) => None,
        }
    }

    /// What it must be flagged for.
    pub(super) fn answers(self) -> Vec<Answer> {
        match self {
            Self::Loser(company) => vec![("R025", "tenderer", supplier_id(company))],
            Self::Junk(company) => vec![("R038", "tenderer", supplier_id(company))],
            Self::Trader(company, 0) => vec![("R048", "tenderer", supplier_id(company))],
            Self::Trader(..) => vec![],
            Self::Refuser(buyer) => vec![
                ("R038", "buyer", buyer_id(buyer)),
                ("R038", "procuring_entity", unit_id(buyer)),
            ],
        }
    }
}
