//! What is in doubt, by subject: the gravest, dearest and surest first, every tenth place drawn. Read by the desk and by
//! programs alike.

use std::collections::{BTreeMap, HashMap};

use kandeng_platform::flag::Tally;
use kandeng_platform::flag::rank::{arrange, score};
use kandeng_platform::jurisdiction;
use kandeng_platform::page::{Problem, Site};
use kandeng_screening::pack::{Audience, Pack};
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::found::{COLUMNS, FlagRow};

/// The most that is ranked: beyond, somebody narrows it down.
const MOST: u32 = 20_000;

/// What the queue is narrowed to. What is not said does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrowed {
    /// A division code.
    pub place: Option<String>,
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
    let mut subjects: BTreeMap<(String, String), Subject> = BTreeMap::new();
    for one in open {
        let rule = one.flag.rule.clone();
        let mean = *means.entry(rule.clone()).or_insert_with(|| {
            let tally = tallies.get(&rule).copied().unwrap_or_default();
            tally.posterior_mean(by_filers(&rule))
        });
        let score = score(&one.flag.severity, one.flag.money_fen.unwrap_or(0), mean);
        let key = (one.flag.subject_kind.clone(), one.flag.subject.clone());
        let of = subjects.entry(key).or_insert(Subject {
            flags: Vec::new(),
            score: 0.0,
            by_draw: false,
        });
        // The gravest first: the one that says why it stands where it stands.
        if score > of.score || of.flags.is_empty() {
            of.flags.insert(0, one);
            of.score = of.score.max(score);
        } else {
            of.flags.push(one);
        }
    }
    Ok(in_order(subjects.into_values().collect()))
}

/// By score, with the drawn ones at their places.
fn in_order(subjects: Vec<Subject>) -> Vec<Subject> {
    let mut ranked: Vec<usize> = (0..subjects.len()).collect();
    // The same score in the order of subjects, so that two looks are alike.
    ranked.sort_by(|one, other| subjects[*other].score.total_cmp(&subjects[*one].score));
    let mut drawn: Vec<(&str, usize)> = subjects
        .iter()
        .enumerate()
        .filter_map(|(index, of)| {
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
    let mut subjects: Vec<Option<Subject>> = subjects.into_iter().map(Some).collect();
    let places = places.into_iter().filter_map(|place| {
        let subject = subjects[place.what].take()?;
        Some(Subject {
            by_draw: place.by_draw,
            ..subject
        })
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
    let rows = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select {columns}, p.id, p.name, p.jurisdiction from flags f left join projects p \
                 on f.subject_kind = 'project' and p.code = f.subject and p.withdrawn = 0 \
                 where f.state = ?1 and (?2 is null or f.rule = ?2) and (?3 is null or f.severity = ?3) \
                 and (?4 is null or p.stage = ?4) and (?5 is null or p.year = ?5) \
                 and (?6 is null or f.money_fen >= ?6) and (?7 is null or f.money_fen <= ?7) \
                 order by f.stream limit ?8"
            ))?
            .query_map(
                rusqlite::params![
                    state,
                    narrowed.rule,
                    narrowed.severity,
                    narrowed.stage,
                    narrowed.year,
                    narrowed.least_fen,
                    narrowed.most_fen,
                    MOST
                ],
                |row| {
                    let id: Option<String> = row.get(20)?;
                    let name = row.get(21)?;
                    let place: Option<String> = row.get(22)?;
                    Ok(Open {
                        flag: FlagRow::of(row)?,
                        project: id.zip(place).map(|(id, place)| (id, name, place)),
                    })
                },
            )?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let lies = |one: &Open| {
        let place = one
            .project
            .as_ref()
            .map_or(site.jurisdiction(), |(_, _, place)| place);
        let is_in = |code: &String| jurisdiction::contains(code, place);
        within.iter().any(is_in) && narrowed.place.as_ref().is_none_or(is_in)
    };
    Ok(rows.into_iter().filter(lies).collect())
}

/// The case that is open about a flag: its id, who works on it, and until when something is due.
pub(crate) fn case_of(
    site: &Site,
    flag: &FlagRow,
) -> Result<Option<(Uuid, Uuid, Option<i64>)>, Problem> {
    let found: Option<(String, String, Option<i64>)> = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select c.id, c.assignee, (select due from deadlines where subject = 'case/' || c.id \
                 and state = 'running' limit 1) from case_flags f join cases c on c.id = f.id \
                 where f.flag = ?1 and c.state = 'open' limit 1",
            )?
            .query_row([&flag.stream], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()
    })?;
    // Cannot fail to parse: the projection wrote them.
    let id = |text: &str| Uuid::try_parse(text).unwrap_or_default();
    Ok(found.map(|(case, assignee, due)| (id(&case), id(&assignee), due)))
}
