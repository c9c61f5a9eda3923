//! Who bids in a process, at what price and when, and who wins.

use super::chance::Chance;
use super::plant::{Pattern, Plant};

pub(super) struct Bid {
    pub tenderer: u64,
    pub fen: i64,
    pub status: &'static str,
    /// Minutes before the deadline; negative when late.
    pub early: i64,
}

/// The companies that bid, and how often each has bid and won so far.
pub(super) struct Market {
    record: Vec<(u32, u32)>,
}

impl Market {
    pub(super) fn new(companies: u64) -> Self {
        Self {
            record: vec![(0, 0); companies as usize],
        }
    }

    /// Three honest bids or four, unless something is planted.
    pub(super) fn bids(
        &self,
        chance: &mut Chance,
        plant: Plant,
        pattern: Option<Pattern>,
    ) -> Vec<Bid> {
        let base = 5_000_000 + chance.below(400_000_000) as i64;
        let mut fen = base;
        // Offers rise by 8 to 12 percent, so that the usual difference has a narrow spread.
        let mut bids: Vec<Bid> = self
            .tenderers(chance, plant, pattern)
            .into_iter()
            .map(|tenderer| {
                let bid = Bid {
                    tenderer,
                    fen,
                    status: "valid",
                    early: 60 + chance.below(5000) as i64,
                };
                fen += (fen as f64 * (0.08 + 0.04 * chance.share())) as i64;
                bid
            })
            .collect();
        match plant {
            Plant::ClosePrice => bids[1].fen = base + base / 500,
            Plant::SamePrice => bids[2].fen = bids[1].fen,
            Plant::LateBid => bids[0].early = -90,
            Plant::AloneQualified => disqualify(&mut bids[1..]),
            Plant::LowestRefused => disqualify(&mut bids[..1]),
            Plant::Discounted => bids[0].fen = base / 3,
            _ => {}
        }
        match pattern {
            // The loser's offer is the highest but one step, the junk bidder's is thrown out.
            Some(Pattern::Loser(_)) => bids[0].fen = fen,
            Some(Pattern::Junk(_)) => {
                bids[0].fen = fen;
                disqualify(&mut bids[..1]);
            }
            Some(Pattern::Refuser(_)) => disqualify(&mut bids[2..]),
            _ => {}
        }
        let turn = chance.below(bids.len() as u64) as usize;
        bids.rotate_left(turn);
        bids
    }

    /// The bidders, the cheapest first.
    fn tenderers(&self, chance: &mut Chance, plant: Plant, pattern: Option<Pattern>) -> Vec<u64> {
        let count = match plant {
            Plant::SingleBid => 1,
            _ => 3 + usize::from(chance.below(10) < 4),
        };
        let mut tenderers: Vec<u64> = pattern.and_then(Pattern::bidder).into_iter().collect();
        let own = tenderers.len();
        while tenderers.len() < count {
            let tenderer = chance.below(self.record.len() as u64);
            if !tenderers.contains(&tenderer) {
                tenderers.push(tenderer);
            }
        }
        // Every other time it is the turn of whoever has won least of its bids: work goes round, and
        // shares of wins lie close together.
        if chance.below(2) == 0
            && let Some(least) = (own..tenderers.len()).min_by(|a, b| {
                self.success(tenderers[*a])
                    .total_cmp(&self.success(tenderers[*b]))
            })
        {
            tenderers.swap(own, least);
        }
        tenderers
    }

    /// The share of its bids that a company has won.
    fn success(&self, tenderer: u64) -> f64 {
        let (bid, won) = self.record[tenderer as usize];
        (f64::from(won) + 0.3) / (f64::from(bid) + 1.0)
    }

    /// Remembers who bid and who won. Companies of patterns go by no record.
    pub(super) fn note(&mut self, bids: &[Bid], winner: Option<u64>) {
        for bid in bids.iter().filter(|bid| bid.status == "valid") {
            if let Some((made, won)) = self.record.get_mut(bid.tenderer as usize) {
                *made += 1;
                *won += u32::from(winner == Some(bid.tenderer));
            }
        }
    }
}

/// The lowest valid bid wins, but for a planted late one.
pub(super) fn winner(bids: &[Bid], plant: Plant) -> Option<u64> {
    let winning = match plant {
        Plant::LateBid => bids.iter().find(|bid| bid.early < 0),
        _ => bids
            .iter()
            .filter(|bid| bid.status == "valid")
            .min_by_key(|bid| bid.fen),
    };
    winning.map(|bid| bid.tenderer)
}

fn disqualify(bids: &mut [Bid]) {
    for bid in bids {
        bid.status = "disqualified";
    }
}
