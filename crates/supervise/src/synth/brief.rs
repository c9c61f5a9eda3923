//! A project before it is written out: who, what, how much and when, as its index tells.
//! What a planted irregularity needs to be so from the start is set here (`steer`).

use super::calendar::{Day, civil, from_civil};
use super::county::{County, Owner};
use super::names::{THEMES, Theme};
use super::place::PLOTS;
use super::plant::Part;
use super::random::{Stream, fraction};

/// Works limits, in fen, that contracts of honest projects keep away from.
const LIMITS: [i64; 2] = [60_000_000, 400_000_000];

/// Who builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contractor {
    /// A company by index.
    Company(usize),
    /// The cooperative of a village, for what it builds itself.
    Cooperative(usize),
}

/// The outline of one project's life.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub(super) project: usize,
    pub(super) village: usize,
    pub(super) plot: usize,
    pub(super) theme: &'static Theme,
    pub(super) part: Option<Part>,
    pub(super) owner: Owner,
    pub(super) contractor: Contractor,
    pub(super) method: &'static str,
    pub(super) scale: f64,
    pub(super) budget_fen: i64,
    pub(super) contract_fen: i64,
    pub(super) approval: Day,
    pub(super) contract: Day,
    pub(super) start: Day,
    pub(super) planned_finish: Day,
    pub(super) finish: Day,
    pub(super) acceptance: Day,
    pub(super) handover: Day,
    /// Percent at which work came to rest, if it did.
    pub(super) stalled: Option<f64>,
}

/// Methods under which others may bid.
pub(super) fn is_competitive(method: &str) -> bool {
    matches!(
        method,
        "open" | "selective" | "consultation" | "negotiation" | "quotation"
    )
}

impl Brief {
    /// The brief of project number `project`.
    pub(super) fn of(county: &County, project: usize) -> Self {
        let (village, plot) = (project / PLOTS, project % PLOTS);
        let mut stream = Stream::of(county.seed, 0x4252, project as u64);
        let part = county.planting.part(project);
        let variety = Stream::of(county.seed, 0x5448, village as u64).below(4);
        let theme = &THEMES[plot][(variety + plot) % 4];
        let wish = Wish::of(part);

        let mut owner = county.owner_of(village, plot);
        let mut contractor = Contractor::Company(county.winner_of(village, plot));
        if let Some(part) = part {
            contractor = Contractor::Company(county.private_company(part.group, wish.contractor));
            match part.id {
                "K05b" => owner = Owner::Township(village),
                "K12a" | "K30" => owner = Owner::Centre(part.group),
                _ => {}
            }
        }

        let place = fraction(village as f64 * 0.618_033_988_749_895 + plot as f64 * 0.17);
        let price_fen = (theme.price_yuan * (0.78 + 0.5 * place)).round() * 100.0;
        let (scale, budget_fen, contract_fen) =
            amounts(county, project, theme, price_fen, wish, &mut stream);

        let method = if let Some(method) = wish.method {
            method
        } else if part.is_none() && plot == 3 && contract_fen < 60_000_000 && stream.chance(0.3) {
            contractor = Contractor::Cooperative(village);
            "self_build"
        } else {
            usual_method(contract_fen, &mut stream)
        };

        let approval = part.map_or_else(
            || usual_approval(county, village, plot, &mut stream),
            |part| part.approval,
        );
        let lag = if part.is_some() {
            60
        } else {
            stream.between(46, 74)
        };
        let mut brief = Self {
            project,
            village,
            plot,
            theme,
            part,
            owner,
            contractor,
            method,
            scale,
            budget_fen,
            contract_fen,
            approval,
            contract: approval + lag,
            start: 0,
            planned_finish: 0,
            finish: 0,
            acceptance: 0,
            handover: 0,
            stalled: None,
        };
        brief.schedule(county.as_of, &mut stream);
        brief
    }

    /// Whether this is a part of what was planted under that name.
    pub(super) fn is(&self, id: &str) -> bool {
        self.part.is_some_and(|part| part.id == id)
    }

    /// The member number if this is a part of what was planted under that name.
    pub(super) fn member_of(&self, id: &str) -> Option<usize> {
        self.part
            .filter(|part| part.id == id)
            .map(|part| part.member)
    }

    fn schedule(&mut self, as_of: Day, stream: &mut Stream) {
        let mut length = stream.between(80, 205);
        match self.part.map_or("", |part| part.id) {
            "K28" => {
                self.contract = as_of - 60;
                length = 200;
            }
            "Q10c" => length = 200,
            "K21" => length = 420 - 60 - 10 - 120,
            _ => {}
        }
        self.start = self.contract
            + if self.part.is_some() {
                10
            } else {
                stream.between(5, 15)
            };
        self.planned_finish = self.start + length;
        self.finish = self.start + (f64::from(length) * stream.within(0.88, 1.04)) as Day;
        self.acceptance = out_of_late_december(self.finish + stream.between(16, 34));
        self.handover = self.acceptance + stream.between(28, 48);
        if self.is("K21") {
            self.stalled = Some(70.0);
        } else if self.is("Q10c") {
            self.stalled = Some(100.0);
        }
    }

    /// The stage reached by a day, as an index into [`super::record::STAGES`].
    pub(super) fn stage(&self, as_of: Day) -> usize {
        if self.approval > as_of {
            0
        } else if self.contract > as_of {
            1
        } else if self.start > as_of {
            2
        } else if self.acceptance > as_of || self.stalled.is_some() {
            3
        } else if self.handover > as_of {
            4
        } else if self.handover + 800 < as_of && self.project % 2 == 0 {
            6
        } else {
            5
        }
    }
}

/// Acceptance panels do not meet in the last days of a year.
fn out_of_late_december(day: Day) -> Day {
    let (year, month, of_month) = civil(day);
    if month == 12 && of_month > 15 {
        from_civil(year + 1, 1, 6 + of_month % 5)
    } else {
        day
    }
}

/// Approvals bunch a little in spring; three years back, and two months of projects still being filed.
fn usual_approval(county: &County, village: usize, plot: usize, stream: &mut Stream) -> Day {
    let span = 1095.0 + 55.0;
    let at = county.moment_of(village, plot) * span + stream.within(-2.0, 2.0);
    let season = 10.0 * (at / 365.25 * std::f64::consts::TAU).sin();
    county.as_of - 1095 + (at + season) as Day
}

fn usual_method(contract_fen: i64, stream: &mut Stream) -> &'static str {
    let methods: &[&'static str] = match contract_fen {
        400_000_000.. => &["open"],
        60_000_000.. => &["open", "open", "selective", "consultation", "consultation"],
        20_000_000.. => &[
            "consultation",
            "negotiation",
            "quotation",
            "quotation",
            "direct",
        ],
        _ => &[
            "quotation",
            "quotation",
            "direct",
            "direct",
            "single_source",
        ],
    };
    stream.pick::<&str>(methods)
}

/// What a planted project asks of its brief.
#[derive(Clone, Copy, Default)]
struct Wish {
    contractor: usize,
    contract_yuan: Option<f64>,
    scale: Option<f64>,
    method: Option<&'static str>,
    price: Option<f64>,
}

impl Wish {
    fn of(part: Option<Part>) -> Self {
        let Some(part) = part else {
            return Self::default();
        };
        let member = part.member;
        let own = Self {
            contractor: member,
            ..Self::default()
        };
        let of = |contract: f64, method| Self {
            contract_yuan: Some(contract),
            method: Some(method),
            ..own
        };
        let open = Self {
            method: Some("open"),
            ..own
        };
        match part.id {
            "K01b" | "K02" => Self {
                scale: Some(110.0),
                ..own
            },
            "K03" => Self {
                price: Some(3.0),
                scale: Some(52.0),
                ..own
            },
            "K05a" => Self {
                contractor: 0,
                ..of([482_317.0, 351_284.6][member], "direct")
            },
            "K05b" => of([391_455.2, 283_117.9][member], "direct"),
            "K05c" => Self {
                contractor: 0,
                ..of([2_214_530.7, 2_351_006.3][member], "open")
            },
            "K06a" => of(585_216.4, "consultation"),
            "K06b" => of(3_905_118.0, "open"),
            "K07" | "K08a" | "K09a" | "K09b" | "K14a" | "K14b" | "K14c" | "K16b" => open,
            "K08b" => Self {
                method: Some("quotation"),
                ..own
            },
            "K10a" => open,
            "K10b" => Self {
                contractor: member % 2,
                ..open
            },
            "K11" => Self {
                contractor: member.saturating_sub(5),
                ..open
            },
            "K12a" => Self {
                contractor: member.saturating_sub(2),
                contract_yuan: Some(
                    if member < 3 { 903_251.0 } else { 207_330.0 } + 1213.7 * member as f64,
                ),
                ..own
            },
            "K12b" | "K35" => Self {
                contractor: 0,
                ..own
            },
            "K13a" | "K13b" | "K29" => of(912_407.5, "open"),
            "K16a" => of(503_000.0, "direct"),
            "K17b" => Self {
                scale: Some(120.0),
                ..own
            },
            "K17c" => Self {
                scale: Some(300.0),
                ..own
            },
            "K30" => of(84_000.0 + 611.3 * member as f64, "direct"),
            _ => own,
        }
    }
}

/// Scale, approved budget and contract.
fn amounts(
    county: &County,
    project: usize,
    theme: &Theme,
    price_fen: f64,
    wish: Wish,
    stream: &mut Stream,
) -> (f64, i64, i64) {
    let unit = 10_f64.powi(i32::from(theme.decimals));
    let price_fen = price_fen * wish.price.unwrap_or(1.0);
    let mut share = stream.within(0.9, 0.985);
    let scale = if let Some(yuan) = wish.contract_yuan {
        (yuan * 100.0 / (0.94 * price_fen) * unit).ceil() / unit
    } else if let Some(scale) = wish.scale {
        scale
    } else {
        // A low-discrepancy sequence spreads amounts evenly even among the few projects of one owner.
        let mut place = fraction(
            project as f64 * 0.754_877_666_246_692_7 + (county.seed % 1009) as f64 * 0.377,
        );
        if county.projects < 400 {
            place = 0.3 + 0.45 * place;
        }
        let (low, high) = theme.scale;
        (low * (high / low).powf(place) * unit).round() / unit
    };
    let budget_fen = (scale * price_fen / 10_000.0).round() as i64 * 10_000;
    if let Some(yuan) = wish.contract_yuan {
        return (scale, budget_fen, (yuan * 100.0).round() as i64);
    }
    for limit in LIMITS {
        let of_limit = budget_fen as f64 * share / limit as f64;
        if (0.93..1.002).contains(&of_limit) {
            share *= 0.92;
        }
    }
    (scale, budget_fen, (budget_fen as f64 * share) as i64)
}
