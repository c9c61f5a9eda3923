//! The rules by yield: how many doubts each has open, what was decided on them, how often it was right. Each has a page
//! of its own, where whoever may sees what another value of a parameter would change, and sets it.

pub(crate) mod parameter;
mod rule;

pub(crate) use rule::sql_of;

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::http::Method;
use axum::response::Response;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::flag::Tally;
use kandeng_platform::page::{Asked, Frame, Problem, Routes, Shell, Site, html};
use kandeng_screening::pack::{Audience, Body};

use super::words::{text, words};
use crate::scene::Supervise;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/rules",
            Action::ViewRules,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewRules)),
            shown,
        )
        .asks(
            Method::GET,
            "/supervise/rules/{rule}",
            Action::ViewRules,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewRules)),
            rule::shown,
        )
        .asks(
            Method::POST,
            "/supervise/rules/{rule}/parameter",
            Action::ChangeParameters,
            // A parameter is the whole county's: whoever answers for a township changes none.
            |site, _, _| Ok(Some(Resource::desk(site.jurisdiction()))),
            parameter::change,
        )
}

struct RuleLine {
    id: String,
    title: String,
    severity: String,
    is_for_filers: bool,
    open: u32,
    tally: Tally,
    precision: String,
    interval: String,
    method: String,
    basis: String,
    sql: String,
}

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    shell: Shell,
    lines: Vec<RuleLine>,
}

/// What was decided on the flags of each rule, and how many are open.
pub(crate) struct Decided {
    pub all: BTreeMap<String, Tally>,
    /// On those that were drawn.
    pub drawn: BTreeMap<String, Tally>,
    pub open: BTreeMap<String, u32>,
}

/// Reads it.
pub(crate) fn decided(site: &Site) -> Result<Decided, Problem> {
    Ok(site.platform().query(|connection| {
        Ok(Decided {
            open: connection
                .prepare_cached(
                    "select rule, count(*) from flags where state = 'open' group by rule",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?,
            all: Tally::of_rules(connection, 0, false)?,
            drawn: Tally::of_rules(connection, 0, true)?,
        })
    })?)
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let pack = scene.pack(&site)?;
    let Decided { all, drawn, open } = decided(&site)?;
    let share = |share: f64| format!("{:.0}%", 100.0 * share);
    let lines = pack.rules.iter().map(|rule| {
        let is_for_filers = rule.audience != Audience::Officer;
        let tally = all.get(&rule.id).copied().unwrap_or_default();
        // Over the random draws alone: what officers pick by rank says nothing of the rest.
        let drawn = drawn.get(&rule.id).copied().unwrap_or_default();
        RuleLine {
            id: rule.id.clone(),
            title: text(words, &rule.texts.title),
            severity: words.say(&format!("severity-{}", rule.severity.name())),
            is_for_filers,
            open: open.get(&rule.id).copied().unwrap_or(0),
            precision: tally
                .precision(is_for_filers)
                .map(share)
                .unwrap_or_default(),
            interval: drawn
                .interval(is_for_filers)
                .map(|(low, high)| format!("{}–{}", share(low), share(high)))
                .unwrap_or_default(),
            tally,
            method: text(words, &rule.texts.method),
            basis: text(words, &rule.texts.basis),
            sql: match &rule.body {
                Body::Query { sql, .. } => sql.clone(),
                Body::RowCheck { flag_when, .. } => flag_when.clone(),
            },
        }
    });
    let page = RulesPage {
        lines: lines.collect(),
        shell: Shell::of(&site, &asked.viewer, frame, words, words.say("rules")),
    };
    Ok(html(&page))
}
