//! The plan of payments and the payments themselves: money follows progress, the last of it acceptance.
//! Amounts are odd shares of odd contracts, so that honest first digits come near Benford's.

use super::brief::{Brief, Contractor};
use super::calendar::Day;
use super::codes::{Hashed, hashed};
use super::county::County;
use super::random::Stream;
use super::record::{Payment, Project};

/// A grant per mu of what was planted.
pub(super) const PLANTING_GRANT: &str = "特色产业种植补助";
/// Its rate, in fen per mu.
pub(super) const PLANTING_RATE_FEN: i64 = 30_000;
/// A grant to households in person; it has a list of the eligible and no rate.
pub(super) const HOUSEHOLD_GRANT: &str = "到户产业奖补";

/// Limits above which a payment needs a higher signature, in fen; honest payers seldom come just below.
const APPROVAL_LIMITS: [i64; 3] = [5_000_000, 20_000_000, 50_000_000];

fn is_just_below_a_limit(fen: i64) -> bool {
    APPROVAL_LIMITS
        .iter()
        .any(|limit| fen * 10 >= limit * 9 - 10_000 && fen < *limit)
}

/// Whether the planting grant is part of this project's money.
pub(super) fn has_grant(brief: &Brief, county: &County) -> bool {
    brief.theme.unit == "亩"
        && match brief.part {
            Some(part) => part.id == "K41",
            None => Stream::of(county.seed, 0x4752, brief.project as u64).chance(0.3),
        }
}

/// Whether households are paid in person.
fn pays_households(brief: &Brief, county: &County) -> bool {
    match brief.part {
        Some(part) => part.id.starts_with("K27"),
        None => {
            brief.plot == 6 && Stream::of(county.seed, 0x4848, brief.project as u64).chance(0.3)
        }
    }
}

/// Pays up to `as_of`.
pub(super) fn pay(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    plan(brief, made);
    let mut till = Till::open(county, brief, made, stream);
    let contract = brief.contract_fen as f64;
    let settlement = made.settlement_fen.unwrap_or(brief.contract_fen) as f64;
    let advance = if brief.is("K23") {
        0.62
    } else {
        till.stream.within(0.15, 0.2)
    };
    till.up_to(
        advance * contract,
        brief.contract + 2,
        brief.start,
        "预付款",
        till.rows.0,
    );

    let mut share_at_progress = match brief.part.map_or("", |part| part.id) {
        "K33" => 1.0,
        "K31" => 0.66,
        "K21" => 0.95,
        _ => 0.85,
    };
    if brief.is("K24b") {
        share_at_progress = 0.82;
    }
    for (day, percent) in made.progress.clone() {
        let share = share_at_progress * percent.min(100.0) / 100.0;
        till.up_to(
            share
                * if brief.is("K33") {
                    settlement
                } else {
                    contract
                },
            day + 3,
            day + 13,
            "进度款",
            till.rows.1,
        );
        if brief.is("K29") && (45.0..60.0).contains(&percent) {
            for (at, fen) in [4_863_172, 4_795_518, 4_931_007].into_iter().enumerate() {
                till.row(fen, day + 14 + at as Day, "材料款", "");
            }
        }
    }

    if let Some(acceptance) = made.acceptance {
        if has_grant(brief, county) {
            let fen = (brief.scale * PLANTING_RATE_FEN as f64).round() as i64;
            till.row(
                if brief.is("K41") { fen * 6 / 5 } else { fen },
                acceptance + 9,
                "种植补助",
                PLANTING_GRANT,
            );
        }
        if pays_households(brief, county) {
            till.households(brief, acceptance + 12, made);
        }
        let last = match brief.part.map_or("", |part| part.id) {
            "K31" => 0.0,
            "K24a" => 1.05 * contract,
            "K24b" | "K34" => 0.97 * contract,
            _ => 0.97 * settlement,
        };
        till.up_to(
            last,
            acceptance + 14,
            acceptance + 40,
            "结算款",
            till.rows.0,
        );
        let keeps = brief
            .part
            .is_some_and(|part| matches!(part.id, "K31" | "K24a" | "K24b" | "K34"));
        if !keeps {
            let due = made.retention_due.unwrap_or(acceptance + 365);
            till.up_to(settlement, due + 1, due + 6, "质保金", 1);
        }
    }
    let paid = till.payments;
    if !paid.is_empty() {
        made.paid_total_fen = Some(paid.iter().map(|payment| payment.fen).sum());
        made.payee = made.contractor.clone();
    }
    made.payments = paid;
    made.payments.sort_by_key(|payment| payment.date);
    for (at, payment) in made.payments.iter_mut().enumerate() {
        payment.voucher = format!("PZ{}{:03}", made.code, at + 1);
    }
}

fn plan(brief: &Brief, made: &mut Project) {
    let mut left = brief.contract_fen;
    let length = brief.planned_finish - brief.start;
    let dues = [
        (brief.contract + 5, 20.0),
        (brief.start + length / 2, 30.0),
        (brief.planned_finish, 35.0),
        (brief.planned_finish + 60, 12.0),
        (brief.planned_finish + 420, 3.0),
    ];
    for (day, percent) in dues {
        let fen = if percent < 4.0 {
            left
        } else {
            (brief.contract_fen as f64 * percent / 100.0) as i64
        };
        left -= fen;
        made.plan.push((day, percent, fen));
    }
}

/// The cash desk of one project.
struct Till<'a> {
    payments: Vec<Payment>,
    paid: i64,
    as_of: Day,
    /// Rows of an advance or a settlement, and of a payment for progress.
    rows: (usize, usize),
    /// Rows all about as large, in fen, instead of spread ones.
    even_fen: Option<i64>,
    was_just_below: bool,
    payee: (String, String),
    account: String,
    project: usize,
    stream: &'a mut Stream,
}

impl<'a> Till<'a> {
    fn open(county: &County, brief: &Brief, made: &Project, stream: &'a mut Stream) -> Self {
        let account = match brief.contractor {
            Contractor::Company(company) => County::account(company),
            Contractor::Cooperative(village) => {
                hashed(Hashed::Account, 9_000_000_000 + village as u64)
            }
        };
        let wanted = county.payments.saturating_sub(1);
        let extra = usize::from(stream.chance((wanted % 5) as f64 / 5.0));
        Self {
            payments: Vec::with_capacity(county.payments + 4),
            paid: 0,
            as_of: county.as_of,
            rows: (
                (wanted / 6).max(1),
                ((wanted - wanted / 6 * 2) / 4 + extra).max(1),
            ),
            even_fen: brief.is("K30").then_some(74_500),
            was_just_below: brief.is("K29"),
            payee: made.contractor.clone(),
            account,
            project: brief.project,
            stream,
        }
    }

    /// Pays until so much has been paid in all, in rows spread over some days.
    fn up_to(&mut self, target: f64, from: Day, to: Day, purpose: &'static str, rows: usize) {
        let due = target as i64 - self.paid;
        let rows = self
            .even_fen
            .map_or(rows, |even| (due / even).max(1) as usize);
        if due < 1000 {
            return;
        }
        let spread = if self.even_fen.is_some() { 0.16 } else { 1.15 };
        let weights: Vec<f64> = (0..rows)
            .map(|_| self.stream.within(-spread, spread).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        for (at, weight) in weights.iter().enumerate() {
            let day = from
                + ((to - from) * at as Day) / rows as Day
                + if rows > 1 { 0 } else { (to - from) / 2 };
            let mut fen = (due as f64 * weight / total) as i64;
            if at + 1 == rows {
                fen = target as i64 - self.paid;
            }
            if is_just_below_a_limit(fen) {
                if self.was_just_below {
                    fen = fen * 86 / 100;
                }
                self.was_just_below = true;
            }
            self.row(fen, day, purpose, "");
            // What a shortened last row left over.
            if at + 1 == rows {
                self.row(target as i64 - self.paid, day, purpose, "");
            }
        }
    }

    fn row(&mut self, fen: i64, date: Day, purpose: &'static str, programme: &'static str) {
        if fen <= 0 || date > self.as_of {
            return;
        }
        self.paid += fen;
        self.payments.push(Payment {
            date,
            fen,
            payee: self.payee.clone(),
            person: String::new(),
            account: self.account.clone(),
            purpose,
            programme,
            voucher: String::new(),
        });
    }

    /// Three households get a little each, through the contractor and on accounts of their own; a planted one lacks what it takes.
    fn households(&mut self, brief: &Brief, date: Day, made: &mut Project) {
        for seat in 0..3 {
            let mut person = County::resident(self.project, seat);
            let planted = brief.part.filter(|_| seat == 0);
            match planted.map(|part| (part.id, part.group)) {
                Some(("K27a", _)) => made.deceased.push((person.clone(), brief.approval + 40)),
                Some(("K27b", group)) => person = County::official(group),
                _ => {}
            }
            if planted.is_none_or(|part| part.id != "K27c") {
                made.eligible
                    .push((person.clone(), brief.approval - 60, brief.approval + 1600));
            }
            let fen = i64::from(self.stream.between(110_000, 390_000));
            self.row(fen, date, "到户奖补(代发)", HOUSEHOLD_GRANT);
            if let Some(payment) = self
                .payments
                .last_mut()
                .filter(|payment| payment.programme == HOUSEHOLD_GRANT)
            {
                payment.account = hashed(Hashed::PersonAccount, (self.project * 4 + seat) as u64);
                payment.person = person;
            }
        }
    }
}
