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
use super::super::projects::{Option_, choices, places};
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
    let says = pick(words, "says_zh", "says_en");
    let within = within(&site, &asked.viewer);
    // Each jurisdiction as a range of codes: digits come before the colon.
    let ranges = vec!["(c.jurisdiction >= ? and c.jurisdiction < ?)"; within.len()].join(" or ");
    let mut values: Vec<Sql> = within
        .iter()
        .flat_map(|code| [Sql::from(code.clone()), Sql::from(format!("{code}:"))])
        .collect();
    let place = jurisdiction::is_code(&wanted.place).then(|| wanted.place.clone());
    let mut conditions = vec![format!("({ranges})")];
    if state != "all" {
        conditions.push("c.state = ?".to_owned());
        values.push(Sql::from(state.to_owned()));
    }
    if !wanted.mine.is_empty() {
        let me = asked.viewer.account.to_string();
        conditions.push("(assignee = ? or lead = ?)".to_owned());
        values.extend([Sql::from(me.clone()), Sql::from(me)]);
    }
    if let Some(place) = &place {
        conditions.push(
            "exists (select 1 from case_flags f join flags g on g.stream = f.flag join projects p \
             on p.code = g.subject and g.subject_kind = 'project' where f.id = c.id \
             and p.jurisdiction >= ? and p.jurisdiction < ?)"
                .to_owned(),
        );
        values.extend([Sql::from(place.clone()), Sql::from(format!("{place}:"))]);
    }
    values.extend([Sql::from(ON_PAGE + 1), Sql::from(wanted.page * ON_PAGE)]);
    let conditions = conditions.join(" and ");
    let mut rows = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select c.id, c.state, rung, assignee, opened_at, outcome, recovered_fen, referred_to, \
                 (select due from deadlines where subject = 'case/' || c.id and state = 'running' limit 1) as due, \
                 (select count(*) from case_flags f where f.id = c.id), \
                 (select group_concat(distinct subject) from case_flags f join flags g on g.stream = f.flag \
                  where f.id = c.id), \
                 (select rule || ' ' || {says} from case_flags f join flags g on g.stream = f.flag where f.id = c.id \
                  order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, g.stream limit 1) \
                 from cases c where {conditions} \
                 order by due is null, due, opened_at desc, c.id limit ? offset ?"
            ))?
            .query_map(params_from_iter(values), |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, Option<String>>(5)?,
                    row.get::<_, Option<i64>>(6)?,
                    row.get::<_, Option<String>>(7)?,
                    row.get::<_, Option<i64>>(8)?,
                    row.get::<_, i64>(9)?,
                    row.get::<_, Option<String>>(10)?,
                    row.get::<_, Option<String>>(11)?,
                ))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let after = rows.len() as i64 > ON_PAGE;
    rows.truncate(ON_PAGE as usize);
    let now = site.platform().clock().now().as_millisecond();
    let mut names: HashMap<String, String> = HashMap::new();
    let lines = rows
        .into_iter()
        .map(
            |(
                id,
                state,
                rung,
                assignee,
                opened,
                outcome,
                recovered,
                referred,
                due,
                flags,
                subject,
                says,
            )| {
                let who = names.entry(assignee.clone()).or_insert_with(|| {
                    let id = Uuid::try_parse(&assignee).unwrap_or_default();
                    let name = site.people().name(id).ok().flatten();
                    name.unwrap_or_else(|| words.say("somebody"))
                });
                let mut outcome = outcome
                    .map(|outcome| words.say(&format!("outcome-{outcome}")))
                    .unwrap_or_default();
                if let Some(fen) = recovered.filter(|fen| *fen > 0) {
                    outcome = format!(
                        "{outcome} · {}",
                        words.say_of("recovered", &money(words, fen))
                    );
                }
                if let Some(to) = referred {
                    outcome = words.say_of("referred-to", &to);
                }
                Line {
                    id,
                    subject: subject.unwrap_or_default(),
                    // Ids of rules have no space in them.
                    says: says
                        .as_deref()
                        .and_then(|says| says.split_once(' '))
                        .map(|(rule, says)| telling.says(rule, says.to_owned()))
                        .unwrap_or_default(),
                    flags,
                    state: words.say(&format!("case-{state}")),
                    rung: rung.map(|rung| words.say(&format!("rung-{rung}"))),
                    due: due.map(|due| remaining(words, now, due)),
                    who: who.clone(),
                    opened: moment(opened),
                    outcome,
                }
            },
        )
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
        places: places(&site, &within, &wanted.place),
        has_outcomes: state != "open",
        before: wanted.page > 0,
        after,
        wanted,
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("cases")),
    };
    Ok(html(&page))
}
