//! The cases of one's jurisdictions.

use std::collections::HashMap;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use kandeng_platform::jurisdiction;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment, money};
use rusqlite::params_from_iter;
use rusqlite::types::Value as Sql;
use serde::Deserialize;
use uuid::Uuid;

use super::super::desk::queue::{remaining, within};
use super::super::desk::ranked::PROJECT_OF_FLAG;
use super::super::projects::{NOWHERE, Option_, choices, places};
use super::super::telling::Telling;
use super::super::words::{pick, words};
use crate::scene::Supervise;

/// Cases on one page.
const ON_PAGE: i64 = 100;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    state: String,
    mine: String,
    place: String,
    page: i64,
}

struct Line {
    id: String,
    subject: String,
    name: Option<String>,
    says: String,
    flags: i64,
    state: String,
    rung: Option<String>,
    due: Option<(String, bool)>,
    who: String,
    opened: String,
    outcome: String,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    shell: Shell,
    lines: Vec<Line>,
    wanted: Wanted,
    states: Vec<Option_>,
    places: Vec<Option_>,
    /// Whether cases with an outcome are among them.
    has_outcomes: bool,
    before: bool,
    after: bool,
}

/// Which cases.
#[derive(Default)]
pub(crate) struct Narrowed {
    /// All of them, unless it says which.
    pub state: Option<String>,
    /// Those that this account leads or works on.
    pub of: Option<Uuid>,
    /// Those about projects of this division.
    pub place: Option<String>,
    /// Those alone that are about nothing in a township.
    pub nowhere: bool,
}

/// A case, as lists have it.
pub(crate) struct Row {
    pub id: String,
    pub state: String,
    pub rung: Option<String>,
    pub assignee: Uuid,
    pub opened: i64,
    pub outcome: Option<String>,
    pub recovered: Option<i64>,
    pub referred: Option<String>,
    pub due: Option<i64>,
    pub flags: i64,
    pub subjects: Vec<String>,
    /// The name of a project among them.
    pub name: Option<String>,
    /// The rule of its gravest flag, and its sentence.
    pub rule: String,
    pub says_zh: String,
    pub says_en: String,
}

/// The cases within those jurisdictions, `count` of them from place `from` on, those first of which something is due.
pub(crate) fn rows(
    site: &Site,
    within: &[String],
    narrowed: &Narrowed,
    from: i64,
    count: i64,
) -> Result<Vec<Row>, Problem> {
    // Each jurisdiction as a range of codes: digits come before the colon.
    let ranges = vec!["(c.jurisdiction >= ? and c.jurisdiction < ?)"; within.len()].join(" or ");
    let mut values: Vec<Sql> = within
        .iter()
        .flat_map(|code| [Sql::from(code.clone()), Sql::from(format!("{code}:"))])
        .collect();
    let mut conditions = vec![format!("({ranges})")];
    if let Some(state) = &narrowed.state {
        conditions.push("c.state = ?".to_owned());
        values.push(Sql::from(state.clone()));
    }
    if let Some(of) = narrowed.of {
        conditions.push("(assignee = ? or lead = ?)".to_owned());
        values.extend([Sql::from(of.to_string()), Sql::from(of.to_string())]);
    }
    if let Some(place) = &narrowed.place {
        conditions.push(format!(
            "exists (select 1 from case_flags k join flags f on f.stream = k.flag {PROJECT_OF_FLAG} \
             where k.id = c.id and p.jurisdiction >= ? and p.jurisdiction < ?)"
        ));
        values.extend([Sql::from(place.clone()), Sql::from(format!("{place}:"))]);
    }
    if narrowed.nowhere {
        conditions.push(format!(
            "not exists (select 1 from case_flags k join flags f on f.stream = k.flag {PROJECT_OF_FLAG} \
             where k.id = c.id and p.township <> '')"
        ));
    }
    values.extend([Sql::from(count), Sql::from(from)]);
    let conditions = conditions.join(" and ");
    let says = |column: &str| {
        format!(
            "(select {column} from case_flags f join flags g on g.stream = f.flag where f.id = c.id \
             order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, g.stream limit 1)"
        )
    };
    let (zh, en, rule) = (says("says_zh"), says("says_en"), says("rule"));
    Ok(site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select c.id, c.state, rung, assignee, opened_at, outcome, recovered_fen, referred_to, \
                 (select due from deadlines where subject = 'case/' || c.id and state = 'running' limit 1) as due, \
                 (select count(*) from case_flags f where f.id = c.id), \
                 (select group_concat(distinct subject) from case_flags f join flags g on g.stream = f.flag \
                  where f.id = c.id), {zh}, {en}, {rule}, \
                 (select p.name from case_flags f join flags g on g.stream = f.flag join projects p \
                  on p.code = g.subject where f.id = c.id and g.subject_kind = 'project' order by p.code limit 1) \
                 from cases c where {conditions} \
                 order by due is null, due, opened_at desc, c.id limit ? offset ?"
            ))?
            .query_map(params_from_iter(values), |row| {
                let subjects: Option<String> = row.get(10)?;
                let subjects = subjects.unwrap_or_default();
                Ok(Row {
                    id: row.get(0)?,
                    state: row.get(1)?,
                    rung: row.get(2)?,
                    // Cannot fail to parse: the projection wrote it.
                    assignee: Uuid::try_parse(row.get_ref(3)?.as_str()?).unwrap_or_default(),
                    opened: row.get(4)?,
                    outcome: row.get(5)?,
                    recovered: row.get(6)?,
                    referred: row.get(7)?,
                    due: row.get(8)?,
                    flags: row.get(9)?,
                    subjects: (subjects.split(',').filter(|one| !one.is_empty()))
                        .map(str::to_owned)
                        .collect(),
                    says_zh: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
                    says_en: row.get::<_, Option<String>>(12)?.unwrap_or_default(),
                    rule: row.get::<_, Option<String>>(13)?.unwrap_or_default(),
                    name: row.get(14)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?)
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(mut wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let telling = Telling::new(&site, &scene, words)?;
    wanted.page = wanted.page.max(0);
    let state = match wanted.state.as_str() {
        state @ ("closed" | "referred" | "all") => state,
        _ => "open",
    };
    let within = within(&site, &asked.viewer);
    let narrowed = Narrowed {
        state: (state != "all").then(|| state.to_owned()),
        of: (!wanted.mine.is_empty()).then_some(asked.viewer.account),
        place: jurisdiction::is_code(&wanted.place).then(|| wanted.place.clone()),
        nowhere: wanted.place == NOWHERE,
    };
    let from = wanted.page.saturating_mul(ON_PAGE);
    let mut rows = rows(&site, &within, &narrowed, from, ON_PAGE + 1)?;
    let after = rows.len() as i64 > ON_PAGE;
    rows.truncate(ON_PAGE as usize);
    let now = site.platform().clock().now().as_millisecond();
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let lines = rows
        .into_iter()
        .map(|row| {
            let who = names.entry(row.assignee).or_insert_with(|| {
                let name = site.people().name(row.assignee).ok().flatten();
                name.unwrap_or_else(|| words.say("somebody"))
            });
            let mut outcome = row
                .outcome
                .map(|outcome| words.say(&format!("outcome-{outcome}")))
                .unwrap_or_default();
            if let Some(fen) = row.recovered.filter(|fen| *fen > 0) {
                outcome = format!(
                    "{outcome} · {}",
                    words.say_of("recovered", &money(words, fen))
                );
            }
            if let Some(to) = row.referred {
                outcome = words.say_of("referred-to", &to);
            }
            Line {
                id: row.id,
                subject: row.subjects.join(pick(words, "、", ", ")),
                name: row.name,
                says: telling.says(
                    &row.rule,
                    pick(words, &row.says_zh, &row.says_en).to_owned(),
                ),
                flags: row.flags,
                state: words.say(&format!("case-{}", row.state)),
                rung: row.rung.map(|rung| words.say(&format!("rung-{rung}"))),
                due: row.due.map(|due| remaining(words, now, due)),
                who: who.clone(),
                opened: moment(row.opened),
                outcome,
            }
        })
        .collect();
    let page = CasesPage {
        lines,
        states: choices(
            words,
            &[
                ("open", "在办", "open"),
                ("referred", "已移送", "referred"),
                ("closed", "已办结", "closed"),
                ("all", "全部", "all"),
            ],
            state,
        ),
        places: places(&site, words, &within, &wanted.place),
        has_outcomes: state != "open",
        before: wanted.page > 0,
        after,
        wanted,
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("cases")),
    };
    Ok(html(&page))
}
