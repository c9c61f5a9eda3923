//! Synthetic OCDS for tests, measurements and demonstrations: fictional buyers and companies, compiled
//! releases of about 1.6 kB with 3.3 bids each, and irregularities planted for every red flag.
//!
//! The same seed gives the same bytes. What was planted goes into a file of answers kept apart.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::civil::Date;

/// What a planted process shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plant {
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

/// A process in this many shows one of [`PLANTS`].
const PLANT_EVERY: u64 = 12;
/// Processes that plant patterns of organisations and come first: those of the junk bidder, and of
/// each of five suppliers that win often.
const JUNK: u64 = 8;
const TRADER: u64 = 24;

/// Writes `out/releases.jsonl` and `out/answers.csv` (rule, `subject_kind`, subject).
///
/// Dates lie within the three years before `as_of`. From about 500 releases on every rule has answers.
///
/// # Errors
/// When the folder or its files cannot be written.
pub fn write(releases: u64, seed: u64, as_of: Date, out: &Path) -> io::Result<()> {
    std::fs::create_dir_all(out)?;
    let mut data = BufWriter::with_capacity(1 << 20, File::create(out.join("releases.jsonl"))?);
    let mut answers = BufWriter::new(File::create(out.join("answers.csv"))?);
    writeln!(answers, "rule,subject_kind,subject")?;
    let mut world = World::new(releases, seed, as_of);
    let mut line = String::with_capacity(4096);
    for number in 0..releases {
        line.clear();
        world.release(number, &mut line);
        data.write_all(line.as_bytes())?;
        for (rule, kind, subject) in world.answers.drain(..) {
            writeln!(answers, "{rule},{kind},{subject}")?;
        }
    }
    for (rule, kind, subject) in world.answers_of_organizations() {
        writeln!(answers, "{rule},{kind},{subject}")?;
    }
    data.flush()?;
    answers.flush()
}

/// `SplitMix64` (Steele, Lea and Flood 2014): small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to and without `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Bid {
    tenderer: u64,
    fen: i64,
    status: &'static str,
    /// Minutes before the deadline; negative when late.
    early: i64,
}

struct World {
    chance: Chance,
    start: i64,
    days: u64,
    releases: u64,
    buyers: u64,
    tenderers: u64,
    /// Processes that the loser bids in: more than three of four tenderers do.
    lost: u64,
    answers: Vec<(&'static str, &'static str, String)>,
}

impl World {
    fn new(releases: u64, seed: u64, as_of: Date) -> Self {
        let span = 3 * 365;
        let epoch = jiff::civil::date(1970, 1, 1);
        // Cannot fail: dates of one calendar differ by days.
        let today = as_of
            .since((jiff::Unit::Day, epoch))
            .map_or(0, |span| i64::from(span.get_days()));
        let tenderers = (releases / 12).clamp(40, 8000);
        Self {
            chance: Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6b61_6e64_656e_6721),
            start: today - span - 120,
            days: span as u64,
            releases,
            buyers: (releases / 250).clamp(12, 400),
            tenderers,
            lost: 5 * releases / tenderers,
            answers: Vec::new(),
        }
    }

    /// Whether there is room for the processes that plant patterns of organisations.
    fn has_patterns(&self) -> bool {
        self.releases >= 500
    }

    /// The organisations' patterns, counted in releases from the first one on.
    fn pattern(&self, number: u64) -> Option<Pattern> {
        if !self.has_patterns() {
            return None;
        }
        // The compared suppliers must reach twenty processes each, so traders come in fives.
        let traders = TRADER * 5;
        let junk = self.lost + JUNK;
        match number {
            n if n < self.lost => Some(Pattern::Loser),
            n if n < junk => Some(Pattern::Junk),
            n if n < junk + traders => Some(Pattern::Supplier((n - junk) / TRADER, n)),
            n if n < junk + traders + JUNK => Some(Pattern::Refuser),
            _ => None,
        }
    }

    fn answers_of_organizations(&self) -> Vec<(&'static str, &'static str, String)> {
        if !self.has_patterns() {
            return Vec::new();
        }
        vec![
            ("R025", "tenderer", supplier_id(LOSER_ID)),
            ("R038", "tenderer", supplier_id(JUNK_ID)),
            ("R038", "buyer", buyer_id(REFUSER_ID)),
            ("R038", "procuring_entity", unit_id(REFUSER_ID)),
            ("R048", "tenderer", supplier_id(TRADER_ID)),
        ]
    }

    fn release(&mut self, number: u64, line: &mut String) {
        let pattern = self.pattern(number);
        let plant = match pattern {
            Some(_) => Plant::Honest,
            None if self.chance.below(PLANT_EVERY) == 0 => {
                PLANTS[self.chance.below(PLANTS.len() as u64) as usize]
            }
            None => Plant::Honest,
        };
        let ocid = format!("ocds-kandeng-{number:08}");
        let buyer = match pattern {
            Some(Pattern::Refuser) => REFUSER_ID,
            _ => self.chance.below(self.buyers),
        };
        let method = match self.chance.below(20) {
            0 => "selective",
            1 => "limited",
            _ => "open",
        };
        let method = if plant == Plant::SingleBid {
            "open"
        } else {
            method
        };
        let start = (self.start + self.chance.below(self.days) as i64) * 86_400 + 8 * 3600;
        let period = if plant == Plant::ShortPeriod {
            3 + self.chance.below(11)
        } else {
            16 + self.chance.below(20)
        };
        let end = start + period as i64 * 86_400 + 3600;
        let bids = self.bids(plant, pattern);
        let winner = bids
            .iter()
            .filter(|bid| bid.status == "valid")
            .min_by_key(|bid| bid.fen)
            .map(|bid| bid.tenderer);
        let winner = match plant {
            Plant::LateBid => bids
                .iter()
                .find(|bid| bid.early < 0)
                .map(|bid| bid.tenderer),
            _ => winner,
        };
        self.note(plant, &ocid, &bids, winner);
        let class = self.class(pattern);
        write_release(
            line,
            &Release {
                ocid: &ocid,
                number,
                buyer,
                method,
                start,
                end,
                bids: &bids,
                winner,
                class,
            },
        );
    }

    /// Three honest bids or four, unless something is planted.
    fn bids(&mut self, plant: Plant, pattern: Option<Pattern>) -> Vec<Bid> {
        let base = 5_000_000 + self.chance.below(400_000_000) as i64;
        let count = match (plant, pattern) {
            (Plant::SingleBid, _) => 1,
            _ => 3 + usize::from(self.chance.below(10) < 4),
        };
        let mut tenderers: Vec<u64> = Vec::new();
        match pattern {
            Some(Pattern::Loser) => tenderers.push(LOSER_ID),
            Some(Pattern::Junk) => tenderers.push(JUNK_ID),
            Some(Pattern::Supplier(index, _)) => tenderers.push(TRADER_ID + index),
            _ => {}
        }
        while tenderers.len() < count {
            let tenderer = self.chance.below(self.tenderers);
            if !tenderers.contains(&tenderer) {
                tenderers.push(tenderer);
            }
        }
        // Offers rise by 8 to 12 percent, so that the usual difference has a narrow spread.
        let mut fen = base;
        let mut bids: Vec<Bid> = tenderers
            .iter()
            .map(|tenderer| {
                let bid = Bid {
                    tenderer: *tenderer,
                    fen,
                    status: "valid",
                    early: 60 + self.chance.below(5000) as i64,
                };
                fen += (fen as f64 * (0.08 + 0.04 * self.chance.share())) as i64;
                bid
            })
            .collect();
        match plant {
            Plant::ClosePrice => bids[1].fen = base + base / 500,
            Plant::SamePrice => bids[2].fen = bids[1].fen,
            Plant::LateBid => bids[0].early = -90,
            Plant::AloneQualified => bids[1..]
                .iter_mut()
                .for_each(|bid| bid.status = "disqualified"),
            Plant::LowestRefused => bids[0].status = "disqualified",
            Plant::Discounted => bids[0].fen = base / 3,
            _ => {}
        }
        match pattern {
            // The loser's offer is the highest but one step, the junk bidder's is thrown out.
            Some(Pattern::Loser) => bids[0].fen = fen,
            Some(Pattern::Junk) => {
                bids[0].fen = fen;
                bids[0].status = "disqualified";
            }
            Some(Pattern::Refuser) => bids[1..]
                .iter_mut()
                .skip(1)
                .for_each(|bid| bid.status = "disqualified"),
            _ => {}
        }
        let turn = self.chance.below(bids.len() as u64) as usize;
        bids.rotate_left(turn);
        bids
    }

    fn note(&mut self, plant: Plant, ocid: &str, bids: &[Bid], winner: Option<u64>) {
        let mut flag = |rule, tenderers: &[u64]| {
            self.answers.push((rule, "process", ocid.to_owned()));
            for tenderer in tenderers {
                self.answers
                    .push((rule, "tenderer", supplier_id(*tenderer)));
            }
        };
        let winner = winner.unwrap_or_default();
        let mut in_order: Vec<&Bid> = bids.iter().collect();
        in_order.sort_by_key(|bid| bid.fen);
        match plant {
            Plant::Honest => {}
            Plant::ShortPeriod => flag("R003", &[]),
            Plant::SingleBid => flag("R018", &[]),
            Plant::ClosePrice => flag("R024", &[winner, in_order[1].tenderer]),
            Plant::SamePrice => flag("R028", &[in_order[1].tenderer, in_order[2].tenderer]),
            Plant::LateBid => flag("R030", &[winner]),
            Plant::AloneQualified => flag("R035", &[winner]),
            Plant::LowestRefused => flag("R036", &[]),
            Plant::Discounted => flag("R058", &[winner]),
        }
    }

    /// The classes of the items awarded: one for most suppliers, many for the trader.
    fn class(&mut self, pattern: Option<Pattern>) -> u64 {
        match pattern {
            Some(Pattern::Supplier(0, number)) => 10 + (number * 7) % 24,
            Some(Pattern::Supplier(index, number)) => 40 + index + number % 2,
            _ => 72,
        }
    }
}

/// Processes that make an organisation stand out.
#[derive(Clone, Copy)]
enum Pattern {
    Loser,
    Junk,
    /// One of the suppliers that win often; the first of them supplies everything.
    Supplier(u64, u64),
    Refuser,
}

const LOSER_ID: u64 = 900_001;
const JUNK_ID: u64 = 900_002;
const TRADER_ID: u64 = 900_010;
const REFUSER_ID: u64 = 900;

fn supplier_id(number: u64) -> String {
    format!("XX-COMPANY-{number:06}")
}

fn buyer_id(number: u64) -> String {
    format!("XX-OFFICE-{number:04}")
}

fn unit_id(number: u64) -> String {
    format!("XX-UNIT-{number:04}")
}

struct Release<'a> {
    ocid: &'a str,
    number: u64,
    buyer: u64,
    method: &'a str,
    start: i64,
    end: i64,
    bids: &'a [Bid],
    winner: Option<u64>,
    class: u64,
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

fn money(fen: i64) -> String {
    format!(
        "{{\"amount\":{}.{:02},\"currency\":\"CNY\"}}",
        fen / 100,
        fen % 100
    )
}

fn write_release(line: &mut String, release: &Release<'_>) {
    let Release {
        ocid,
        number,
        buyer,
        method,
        start,
        end,
        bids,
        winner,
        class,
    } = release;
    let (buyer_id, unit_id) = (buyer_id(*buyer), unit_id(*buyer));
    let tenderers = bids.len();
    let published = time(end + 10 * 86_400);
    // Cannot fail: writing to a String does not.
    let _ = write!(
        line,
        "{{\"ocid\":\"{ocid}\",\"id\":\"{ocid}-compiled\",\"date\":\"{published}\",\"tag\":[\"compiled\"],\"initiationType\":\"tender\",\"language\":\"en\",\
         \"parties\":[{{\"id\":\"{buyer_id}\",\"name\":\"Office {buyer} of Lampshire\",\"roles\":[\"buyer\"]}},\
         {{\"id\":\"{unit_id}\",\"name\":\"Procurement unit {buyer} of Lampshire\",\"roles\":[\"procuringEntity\"]}}],\
         \"buyer\":{{\"id\":\"{buyer_id}\",\"name\":\"Office {buyer} of Lampshire\"}},\
         \"tender\":{{\"id\":\"tender-{number}\",\"title\":\"Works, goods and services of lot {number}\",\"status\":\"complete\",\
         \"procurementMethod\":\"{method}\",\"procurementMethodDetails\":\"{method} procedure\",\
         \"procuringEntity\":{{\"id\":\"{unit_id}\",\"name\":\"Procurement unit {buyer} of Lampshire\"}},\
         \"tenderPeriod\":{{\"startDate\":\"{}\",\"endDate\":\"{}\"}},\"numberOfTenderers\":{tenderers}}},\"bids\":{{\"details\":[",
        time(*start),
        time(*end),
    );
    for (place, bid) in bids.iter().enumerate() {
        let _ = write!(
            line,
            "{}{{\"id\":\"bid-{number}-{place}\",\"date\":\"{}\",\"status\":\"{}\",\"tenderers\":[{{\"id\":\"{}\",\"name\":\"Fictional Company {}\"}}],\"value\":{}}}",
            if place == 0 { "" } else { "," },
            time(end - bid.early * 60),
            bid.status,
            supplier_id(bid.tenderer),
            bid.tenderer,
            money(bid.fen),
        );
    }
    line.push_str("]},\"awards\":[");
    if let Some(winner) = winner {
        let fen = bids
            .iter()
            .find(|bid| bid.tenderer == *winner)
            .map_or(0, |bid| bid.fen);
        let _ = write!(
            line,
            "{{\"id\":\"award-{number}\",\"status\":\"active\",\"date\":\"{published}\",\"value\":{},\"suppliers\":[{{\"id\":\"{}\",\"name\":\"Fictional Company {winner}\"}}],\
             \"items\":[{{\"id\":\"1\",\"quantity\":1,\"classification\":{{\"scheme\":\"UNSPSC\",\"id\":\"{class}100000\"}}}}]}}",
            money(fen),
            supplier_id(*winner),
        );
    }
    line.push_str("],\"contracts\":[");
    if let Some(winner) = winner {
        let fen = bids
            .iter()
            .find(|bid| bid.tenderer == *winner)
            .map_or(0, |bid| bid.fen);
        let _ = write!(
            line,
            "{{\"id\":\"contract-{number}\",\"awardID\":\"award-{number}\",\"status\":\"active\",\"dateSigned\":\"{}\",\"value\":{}}}",
            time(end + 20 * 86_400),
            money(fen),
        );
    }
    line.push_str("]}\n");
}
