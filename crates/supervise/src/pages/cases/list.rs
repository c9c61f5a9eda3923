//! The cases of one's jurisdictions.

use std::collections::HashMap;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment, money};
use serde::Deserialize;
use uuid::Uuid;

use super::super::desk::queue::{remaining, within};
use super::super::projects::{Option_, choices};
use super::super::words::{pick, words};

/// Cases on one page.
const ON_PAGE: i64 = 100;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    state: String,
    mine: String,
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
    before: bool,
    after: bool,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Query(mut wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    wanted.page = wanted.page.max(0);
    let state = match wanted.state.as_str() {
        state @ ("closed" | "referred" | "all") => state,
        _ => "open",
    };
    let mine = if wanted.mine.is_empty() {
        String::new()
    } else {
        asked.viewer.account.to_string()
    };
    let says = pick(words, "says_zh", "says_en");
    let mut rows = Vec::new();
    site.platform().query(|connection| {
        for code in within(&site, &asked.viewer) {
            let mut select = connection.prepare_cached(&format!(
                "select c.id, c.state, rung, assignee, opened_at, outcome, recovered_fen, referred_to, \
                 (select due from deadlines where subject = 'case/' || c.id and state = 'running' limit 1) as due, \
                 (select count(*) from case_flags f where f.id = c.id), \
                 (select group_concat(distinct subject) from case_flags f join flags g on g.stream = f.flag \
                  where f.id = c.id), \
                 (select {says} from case_flags f join flags g on g.stream = f.flag where f.id = c.id \
                  order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, g.stream limit 1) \
                 from cases c where c.jurisdiction >= ?1 and c.jurisdiction < ?2 \
                 and (?3 = 'all' or c.state = ?3) and (?4 = '' or assignee = ?4 or lead = ?4) \
                 order by due is null, due, opened_at desc limit ?5 offset ?6"
            ))?;
            let found = select.query_map(
                rusqlite::params![
                    code,
                    format!("{code}:"),
                    state,
                    mine,
                    ON_PAGE + 1,
                    wanted.page * ON_PAGE
                ],
                |row| {
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
                },
            )?;
            for row in found {
                rows.push(row?);
            }
        }
        Ok(())
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
                    says: says.unwrap_or_default(),
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
        before: wanted.page > 0,
        after,
        wanted,
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("cases")),
    };
    Ok(html(&page))
}
