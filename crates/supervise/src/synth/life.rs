//! From a brief to a filing: profile, approval, tendering, acceptance and upkeep, up to `as_of`.
//! Honest throughout; construction and money are next door, and `disturb` makes what is planted wrong.

use super::brief::{Brief, Contractor, is_competitive};
use super::calendar::{Day, from_civil, shanghai, year_of};
use super::county::{County, Owner};
use super::names;
use super::place::{PLOTS, VILLAGES_PER_COUNTY};
use super::random::Stream;
use super::record::{Bid, Project, Source};
use super::{disturb, ground, money};

/// Writes out project number `project`.
pub(super) fn project(county: &County, project: usize) -> Project {
    let brief = Brief::of(county, project);
    let mut stream = Stream::of(county.seed, 0x4C49, project as u64);
    let mut made = profile(county, &brief, &mut stream);
    if made.stage >= 1 {
        approve(county, &brief, &mut made, &mut stream);
    }
    if made.stage >= 2 {
        tender(county, &brief, &mut made, &mut stream);
    }
    ground::site(county, &brief, &mut made, &mut stream);
    if made.stage >= 4 {
        accept(county, &brief, &mut made, &mut stream);
    }
    if made.stage >= 2 {
        money::pay(county, &brief, &mut made, &mut stream);
    }
    if made.stage >= 5 {
        look_after(county, &brief, &mut made, &mut stream);
    }
    sign(&brief, &mut made, county.as_of);
    disturb::disturb(county, &brief, &mut made);
    made
}

/// The code under which a project is filed.
pub(super) fn code(brief: &Brief) -> String {
    let county = brief.village / VILLAGES_PER_COUNTY;
    let serial = brief.project % (VILLAGES_PER_COUNTY * PLOTS) + 1;
    let code = format!(
        "{:06}{:04}{serial:04}",
        County::county_code(county),
        year_of(brief.approval - 30)
    );
    if brief.is("Q02d") {
        code[..13].to_owned()
    } else {
        code
    }
}

/// Name and organisation code of who builds.
pub(super) fn contractor(county: &County, brief: &Brief) -> (String, String) {
    match brief.contractor {
        Contractor::Company(company) => {
            let (code, name) = county.company_name(company);
            (name, code)
        }
        Contractor::Cooperative(village) => County::cooperative(village),
    }
}

fn profile(county: &County, brief: &Brief, stream: &mut Stream) -> Project {
    let village_name = County::village_name(brief.village);
    let (homes, heads) = county.village_people(brief.village);
    let households = (homes as f64 * stream.within(0.12, 0.7)) as i64;
    let people = (households as f64 * stream.within(2.4, 3.7)) as i64;
    Project {
        code: code(brief),
        name: format!("{village_name}{}", brief.theme.name),
        kind: brief.theme.kind,
        village_code: county.village_code(brief.village),
        address: format!(
            "{}{village_name}{}组",
            county.township_name(brief.village),
            stream.between(1, 9)
        ),
        owner: county.owner(brief.owner),
        scale: brief.scale,
        unit: brief.theme.unit,
        households,
        people: people.min(heads),
        stage: brief.stage(county.as_of),
        ..Project::default()
    }
}

fn approve(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    let number = stream.between(3, 480);
    let authority = match brief.owner {
        Owner::Bureau(county, bureau) => {
            format!("{}{}", names::county(county), names::BUREAUS[bureau])
        }
        _ => format!(
            "{}发展和改革局",
            names::county(brief.village / VILLAGES_PER_COUNTY)
        ),
    };
    made.approval_number = format!("批复〔{}〕{number}号", year_of(brief.approval));
    made.approval_authority = authority;
    made.approval = Some(brief.approval);
    made.budget_fen = Some(brief.budget_fen);
    made.resolution = Some(brief.approval - stream.between(12, 40));
    made.resolution_file = format!("决议/{}.pdf", made.code);

    let levels: &[&'static str] = match stream.below(4) {
        0 => &["central"],
        1 => &["central", "county"],
        2 => &["province", "city", "own"],
        _ => &["province", "county"],
    };
    let mut left = brief.budget_fen;
    for (at, level) in levels.iter().enumerate() {
        let fen = if at + 1 == levels.len() {
            left
        } else {
            (left as f64 * stream.within(0.45, 0.8) / 10_000.0) as i64 * 10_000
        };
        left -= fen;
        let arrival = brief.approval + stream.between(10, 36);
        made.sources.push(Source {
            level,
            fen,
            arrival: (arrival <= county.as_of).then_some(arrival),
        });
    }
}

fn tender(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    made.method = brief.method;
    made.contractor = contractor(county, brief);
    made.contract_number = format!("HT-{}", made.code);
    made.contract = Some(brief.contract);
    made.contract_fen = Some(brief.contract_fen);
    made.planned_start = Some(brief.contract + 8);
    made.planned_finish = Some(brief.planned_finish);
    if !is_competitive(brief.method) {
        return;
    }
    let opening = brief.contract - stream.between(5, 11);
    let end = opening - stream.between(0, 1);
    let length = match brief.method {
        "open" | "selective" => stream.between(21, 27),
        "consultation" => stream.between(11, 18),
        _ => stream.between(14, 18),
    };
    made.tender_start = Some(end - length);
    made.tender_end = Some(end);
    made.bid_opening = Some(opening);
    made.bids = bids(county, brief, end, &made.contractor, stream);
}

/// The winner's bid is the contract; the others lie above it at uneven steps.
fn bids(
    county: &County,
    brief: &Brief,
    end: Day,
    winner: &(String, String),
    stream: &mut Stream,
) -> Vec<Bid> {
    const STEPS: [(f64, f64); 5] = [
        (0.008, 0.012),
        (0.021, 0.027),
        (0.004, 0.006),
        (0.031, 0.036),
        (0.014, 0.017),
    ];
    let Contractor::Company(winning) = brief.contractor else {
        return Vec::new();
    };
    let mut companies = Vec::with_capacity(6);
    let private = |role| {
        brief
            .part
            .map_or(0, |part| county.private_company(part.group, role))
    };
    let count = if brief.is("K09b") {
        3
    } else {
        2 + stream.below(3)
    };
    match brief.part.map_or("", |part| part.id) {
        "K10a" => companies.extend((0..3).map(private).filter(|company| *company != winning)),
        "K10b" => companies.extend((0..2).map(private).filter(|company| *company != winning)),
        "K11" => companies.push(private(15)),
        "K14a" | "K14b" | "K14c" => companies.extend([private(1), private(2)]),
        _ => {}
    }
    while companies.len() < count && !brief.is("K10a") {
        let company = county.any_company(stream);
        if company != winning && !companies.contains(&company) {
            companies.push(company);
        }
    }
    let mut height = 1.0;
    let mut all = vec![Bid {
        bidder: winner.clone(),
        fen: brief.contract_fen,
        date: end - stream.between(0, 2),
        status: "valid",
    }];
    for (at, company) in companies.iter().enumerate() {
        let (low, high) = STEPS[at % STEPS.len()];
        height *= 1.0 + stream.within(low, high);
        let (uscc, name) = county.company_name(*company);
        all.push(Bid {
            bidder: (name, uscc),
            fen: (brief.contract_fen as f64 * height) as i64,
            date: end - stream.between(0, 2),
            status: "valid",
        });
    }
    if brief.part.is_none() && all.len() > 4 && stream.chance(0.4) {
        all[4].status = if stream.chance(0.7) {
            "disqualified"
        } else {
            "withdrawn"
        };
    }
    let turn = stream.below(all.len());
    all.rotate_left(turn);
    all
}

fn accept(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    const ROLES: [(&str, usize); 5] = [
        ("组长", 0),
        ("成员", 1),
        ("技术专家", 2),
        ("村民代表", 3),
        ("监督员", 4),
    ];
    let unit = 10_f64.powi(i32::from(brief.theme.decimals));
    let granted = money::has_grant(brief, county);
    let share = if granted {
        1.0
    } else {
        stream.within(0.97, 1.02)
    };
    made.acceptance = Some(brief.acceptance);
    made.accepted_scale = Some((brief.scale * share * unit).round() / unit);
    let settled = if brief.is("K33") {
        1.0
    } else {
        stream.within(0.968, 0.999)
    };
    made.settlement_fen = Some((brief.contract_fen as f64 * settled) as i64);
    made.acceptance_file = format!("验收/{}.pdf", made.code);
    made.retention_fen = made.settlement_fen.map(|fen| fen * 3 / 100);
    made.retention_due = Some(brief.acceptance + 365);

    let home = brief.village / VILLAGES_PER_COUNTY;
    let village_name = County::village_name(brief.village);
    let members = 4 + stream.below(2);
    let (first, step) = (stream.below(67), 1 + stream.below(66));
    let same_again = brief.is("K35");
    for (role, at) in ROLES.iter().take(members) {
        let body = match at {
            0 => made.owner.0.clone(),
            3 => format!("{village_name}村民委员会"),
            _ => format!(
                "{}{}",
                names::county(home),
                names::BUREAUS[(first + at) % 5]
            ),
        };
        let person = if same_again && *at < 3 {
            County::expert(home, 900 + at)
        } else {
            County::expert(home, (first + at * step) % 67)
        };
        made.panel.push((role, body, person));
    }
}

fn look_after(county: &County, brief: &Brief, made: &mut Project, stream: &mut Stream) {
    let village_name = County::village_name(brief.village);
    made.asset_owner = County::cooperative(brief.village).0;
    made.upkeep_body = format!(
        "{}{village_name}村民委员会",
        county.township_name(brief.village)
    );
    made.upkeep_fund_fen = Some(
        (brief.contract_fen as f64 * stream.within(0.005, 0.012) / 10_000.0).ceil() as i64 * 10_000,
    );

    // Whoever takes over in the new year has looked once in the old one.
    if year_of(brief.handover) != year_of(brief.acceptance) {
        made.checks
            .push((brief.acceptance + stream.between(3, 8), "good"));
    }
    let mut day = brief.handover;
    while day <= county.as_of {
        made.checks.push((
            day,
            if stream.chance(0.04) {
                "damaged"
            } else {
                "good"
            },
        ));
        day += stream.between(85, 140);
    }

    let first = year_of(brief.acceptance);
    for year in first..year_of(county.as_of).max(first + 1) {
        let days = (from_civil(year + 1, 1, 1) - brief.acceptance).min(365);
        let (income, paid_out) = if brief.theme.kind == "industry" {
            let income = (brief.contract_fen as f64 * stream.within(0.05, 0.09) * f64::from(days)
                / 365.0) as i64
                + 10_000;
            (income, (income as f64 * stream.within(0.6, 0.8)) as i64)
        } else {
            (0, 0)
        };
        made.income.push((year, income, paid_out));
    }
}

/// One project in four is signed category by category; what changed had changed before.
fn sign(brief: &Brief, made: &mut Project, as_of: Day) {
    if (brief.project % 4 != 0 && !brief.is("K40")) || made.stage == 0 {
        return;
    }
    let steps: [(&'static str, &'static str, Day); 5] = [
        ("profile", "name", brief.approval - 20),
        ("approval", "approved_budget", brief.approval + 3),
        ("tendering", "contract", brief.contract + 2),
        ("construction", "start_date", brief.start + 3),
        ("acceptance", "accepted_scale", brief.acceptance + 4),
    ];
    for (category, item, day) in steps.into_iter().take(made.stage + 1) {
        if day < as_of {
            made.changes.push((item, shanghai(day - 1, 15 * 60 + 10)));
            made.signatures
                .push((category, shanghai(day, 10 * 60 + 25)));
        }
    }
}
