//! Reading leaves a trace: whoever opens a case or a doubt leaves an event with the reason, before anything of it is
//! shown. Whoever works on it needs no reason of their own; anybody else says why first.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html};
use serde::Deserialize;
use uuid::Uuid;

use super::words::words;

/// How long somebody who said why goes on reading, in milliseconds.
const READS: i64 = 12 * 3_600_000;

/// Something that is read.
#[derive(Clone, Copy)]
pub(crate) struct Thing {
    pub id: Uuid,
    /// What it is, as the trace says: `case`, `flag`, `match`.
    pub what: &'static str,
    /// Where it stands.
    pub at: &'static str,
}

impl Thing {
    pub fn case(id: Uuid) -> Self {
        Self {
            id,
            what: "case",
            at: "/supervise/cases",
        }
    }

    pub fn flag(id: Uuid) -> Self {
        Self {
            id,
            what: "flag",
            at: "/supervise/flags",
        }
    }

    /// What the rule of a flag matched in a register.
    pub fn matched(flag: Uuid) -> Self {
        Self {
            id: flag,
            what: "match",
            at: "/supervise/flags",
        }
    }

    fn address(self) -> String {
        format!("{}/{}", self.at, self.id)
    }
}

/// Asks for the reason before something that one does not work on is shown.
#[derive(Template)]
#[template(path = "reason.html")]
struct ReasonPage {
    shell: Shell,
    address: String,
    reason: String,
    told: Option<String>,
}

/// Why somebody reads it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Why {
    reason: String,
}

/// Whether the viewer left a trace of reading it not long ago.
fn has_read(site: &Site, asked: &Asked, thing: Thing) -> Result<bool, Problem> {
    let since = site.platform().clock().now().as_millisecond() - READS;
    let actor = asked.viewer.account.to_string();
    Ok(site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select exists (select 1 from readings where what = ?1 and thing = ?2 and actor = ?3 \
                 and at >= ?4)",
            )?
            .query_row(
                rusqlite::params![thing.what, thing.id.to_string(), actor, since],
                |row| row.get(0),
            )
    })?)
}

/// Leaves the trace of whoever works on it, and of whoever says why they read it. Whether it may be shown: somebody else
/// is asked why first, unless they said so not long ago.
pub(crate) async fn traced(
    site: &Site,
    asked: &Asked,
    thing: Thing,
    is_own: bool,
    reason: Option<&str>,
) -> Result<bool, Problem> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let reason = match reason {
        Some(reason) => reason.to_owned(),
        None if has_read(site, asked, thing)? => return Ok(true),
        None if !is_own => return Ok(false),
        // Whoever works on it needs no reason of their own; the trace is left all the same.
        None => words(asked.viewer.language).say(&format!("reads-own-{}", thing.what)),
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let platform = site.platform();
    platform
        .note_reading(thing.id, thing.what, &reason, &cx)
        .await?;
    Ok(true)
}

/// The page that asks why.
pub(super) fn ask(
    site: &Site,
    asked: &Asked,
    frame: Frame,
    thing: Thing,
    told: Option<String>,
) -> Response {
    let words = words(asked.viewer.language);
    html(&ReasonPage {
        address: thing.address(),
        reason: words.say(&format!("reading-{}-is-noted", thing.what)),
        told,
        shell: Shell::of(site, &asked.viewer, frame, words, words.say(thing.what)),
    })
}

/// Notes why somebody reads it, and shows it.
pub(super) async fn read(
    site: &Site,
    asked: &Asked,
    frame: Frame,
    thing: Thing,
    why: &Why,
) -> Result<Response, Problem> {
    if why.reason.trim().is_empty() {
        let told = words(asked.viewer.language).say("reason-needed");
        return Ok(ask(site, asked, frame, thing, Some(told)));
    }
    traced(site, asked, thing, false, Some(&why.reason)).await?;
    Ok(Redirect::to(&thing.address()).into_response())
}
