//! What is in doubt, by subject: the gravest, dearest and surest first, every tenth place drawn. Read by the desk and by
//! programs alike.

use std::collections::{BTreeMap, HashMap};

use kandeng_platform::flag::Tally;
use kandeng_platform::flag::rank::{arrange, score, weight};
use kandeng_platform::page::{Problem, Site};
use kandeng_screening::pack::{Audience, Pack};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension as _, params_from_iter};
use uuid::Uuid;

use super::found::{COLUMNS, FlagRow};

/// The most that is ranked, of what was drawn, grave and dear: beyond, somebody narrows it down.
const MOST: u32 = 20_000;

/// The project of a flag `f` as `p`: a code that was withdrawn and filed again is the one that stands, and a doubt stays
/// where its project was when that was withdrawn.
pub(crate) const PROJECT_OF_FLAG: &str = "left join projects p on f.subject_kind = 'project' and p.project = \
    (select q.project from projects q where q.code = f.subject order by q.withdrawn, q.project desc limit 1)";

/// What the queue is narrowed to. What is not said does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrowed {
    /// A division code.
    pub place: Option<String>,
    /// Those alone that lie in no township.
    pub nowhere: bool,
    pub rule: Option<String>,
    pub stage: Option<String>,
    pub severity: Option<String>,
    pub year: Option<i64>,
    pub least_fen: Option<i64>,
    pub most_fen: Option<i64>,
    /// Open ones, unless it says otherwise.
    pub state: Option<String>,
}

/// A flag with what is known of its subject.
pub(crate) struct Open {
    pub flag: FlagRow,
    /// The project: its id, name and place.
    pub project: Option<(String, Option<String>, String)>,
}

/// A subject in doubt.
pub(crate) struct Subject {
    /// Its flags, the one first that says why it stands where it stands.
    pub flags: Vec<Open>,
    pub score: f64,
    /// It was drawn, and stands where it stands by that.
    pub by_draw: bool,
}

/// All of them in order, within those jurisdictions.
pub(crate) fn ranked(
    site: &Site,
    pack: &Pack,
    within: &[String],
    narrowed: &Narrowed,
) -> Result<Vec<Subject>, Problem> {
    let open = read(site, within, narrowed)?;
    let tallies = site
        .platform()
        .query(|connection| Tally::of_rules(connection, 0, false))?;
    let by_filers = |rule: &str| {
        let rule = pack.rules.iter().find(|known| known.id == rule);
        rule.is_some_and(|rule| rule.audience != Audience::Officer)
    };
    let mut means: HashMap<String, f64> = HashMap::new();
    let mut subjects: BTreeMap<(String, String), Vec<(Rank, Open)>> = BTreeMap::new();
    for one in open {
        let rule = one.flag.rule.clone();
        let mean = *means.entry(rule.clone()).or_insert_with(|| {
            let tally = tallies.get(&rule).copied().unwrap_or_default();
            tally.posterior_mean(by_filers(&rule))
        });
        let severity = &one.flag.severity;
        let rank = Rank {
            score: score(severity, one.flag.money_fen.unwrap_or(0), mean),
            without_money: weight(severity) * mean,
        };
        let key = (one.flag.subject_kind.clone(), one.flag.subject.clone());
        subjects.entry(key).or_default().push((rank, one));
    }
    let subjects = subjects.into_values().map(|mut flags| {
        // The gravest first: the one that says why it stands where it stands.
        flags.sort_by(|(one, _), (other, _)| other.against(one));
        let first = flags[0].0;
        let of = Subject {
            flags: flags.into_iter().map(|(_, one)| one).collect(),
            score: first.score,
            by_draw: false,
        };
        (first, of)
    });
    Ok(in_order(subjects.collect()))
}

/// By what flags are ranked. Where no money is known the score is 0, and what is grave still stands above what is not.
#[derive(Clone, Copy)]
struct Rank {
    score: f64,
    without_money: f64,
}

impl Rank {
    fn against(&self, other: &Self) -> std::cmp::Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(self.without_money.total_cmp(&other.without_money))
    }
}

/// By score, with the drawn ones at their places.
fn in_order(subjects: Vec<(Rank, Subject)>) -> Vec<Subject> {
    let mut ranked: Vec<usize> = (0..subjects.len()).collect();
    // The same rank in the order of subjects, so that two looks are alike.
    ranked.sort_by(|one, other| subjects[*other].0.against(&subjects[*one].0));
    let mut drawn: Vec<(&str, usize)> = subjects
        .iter()
        .enumerate()
        .filter_map(|(index, (_, of))| {
            let first = of.flags.iter().filter(|one| one.flag.drawn);
            first
                .map(|one| &*one.flag.stream)
                .min()
                .map(|stream| (stream, index))
        })
        .collect();
    drawn.sort_unstable();
    let drawn: Vec<usize> = drawn.into_iter().map(|(_, index)| index).collect();
    let places = arrange(&ranked, &drawn);
    let subjects = subjects.into_iter().map(|(_, of)| Some(of));
    let mut subjects: Vec<Option<Subject>> = subjects.collect();
    let places = places.into_iter().filter_map(|place| {
        let mut subject = subjects[place.what].take()?;
        subject.by_draw = place.by_draw;
        if place.by_draw {
            // What was drawn is what is to be looked at: it says why the subject stands here.
            let drawn = subject.flags.iter().enumerate();
            let drawn = drawn.filter(|(_, one)| one.flag.drawn);
            let first =
                drawn.min_by(|(_, one), (_, other)| one.flag.stream.cmp(&other.flag.stream));
            let first = first.map_or(0, |(index, _)| index);
            subject.flags[..=first].rotate_right(1);
        }
        Some(subject)
    });
    places.collect()
}

fn read(site: &Site, within: &[String], narrowed: &Narrowed) -> Result<Vec<Open>, Problem> {
    let known = ["confirmed", "dismissed", "cleared"];
    let state = narrowed.state.as_deref();
    let state = state.filter(|state| known.contains(state));
    let state = state.unwrap_or("open");
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("f.{}", column.trim()))
        .collect::<Vec<_>>()
        .join(", ");
    let mut conditions = vec!["f.state = ?".to_owned()];
    let mut values = vec![Sql::from(state.to_owned())];
    // A code as a range: digits come before the colon. What has no project lies where the node does.
    let in_place = "(coalesce(p.jurisdiction, ?) >= ? and coalesce(p.jurisdiction, ?) < ?)";
    let here = site.jurisdiction();
    let range = |code: &String| {
        let until = format!("{code}:");
        [here.to_owned(), code.clone(), here.to_owned(), until].map(Sql::from)
    };
    conditions.push(match within.len() {
        0 => "0".to_owned(),
        count => format!("({})", vec![in_place; count].join(" or ")),
    });
    values.extend(within.iter().flat_map(range));
    if let Some(code) = &narrowed.place {
        conditions.push(in_place.to_owned());
        values.extend(range(code));
    }
    if narrowed.nowhere {
        conditions.push("coalesce(p.township, '') = ''".to_owned());
    }
    let texts = [
        ("f.rule = ?", &narrowed.rule),
        ("f.severity = ?", &narrowed.severity),
        ("p.stage = ?", &narrowed.stage),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            conditions.push(condition.to_owned());
            values.push(Sql::from(value.clone()));
        }
    }
    let numbers = [
        ("p.year = ?", narrowed.year),
        ("f.money_fen >= ?", narrowed.least_fen),
        ("f.money_fen <= ?", narrowed.most_fen),
    ];
    for (condition, value) in numbers {
        if let Some(value) = value {
            conditions.push(condition.to_owned());
            values.push(Sql::from(value));
        }
    }
    values.push(Sql::from(i64::from(MOST)));
    let conditions = conditions.join(" and ");
    Ok(site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select {columns}, p.id, p.name, p.jurisdiction from flags f {PROJECT_OF_FLAG} where {conditions} \
                 order by f.drawn desc, case f.severity when 'high' then 0 when 'medium' then 1 else 2 end, \
                 f.money_fen desc, f.stream limit ?"
            ))?
            .query_map(params_from_iter(values), |row| {
                let id: Option<String> = row.get(20)?;
                let name = row.get(21)?;
                let place: Option<String> = row.get(22)?;
                Ok(Open {
                    flag: FlagRow::of(row)?,
                    project: id.zip(place).map(|(id, place)| (id, name, place)),
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?)
}

/// The case that is open about a subject, by any of its flags: its id, who works on it, and until when something is due.
pub(crate) fn case_of(
    site: &Site,
    of: &Subject,
) -> Result<Option<(Uuid, Uuid, Option<i64>)>, Problem> {
    let found: Option<(String, String, Option<i64>)> = site.platform().query(|connection| {
        let mut select = connection.prepare_cached(
            "select c.id, c.assignee, (select due from deadlines where subject = 'case/' || c.id \
             and state = 'running' limit 1) from case_flags f join cases c on c.id = f.id \
             where f.flag = ?1 and c.state = 'open' limit 1",
        )?;
        for one in &of.flags {
            let found = select
                .query_row([&one.flag.stream], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    })?;
    // Cannot fail to parse: the projection wrote them.
    let id = |text: &str| Uuid::try_parse(text).unwrap_or_default();
    Ok(found.map(|(case, assignee, due)| (id(&case), id(&assignee), due)))
}
