//! Cases: what is verified, on paper and on site, until there is an outcome.

pub(crate) mod act;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod read;

use axum::http::Method;
use kandeng_ledger::StreamName;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Facts, Hands, Resource};
use kandeng_platform::page::{Params, Problem, Routes, Site};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::desk::{flag_of, hands_of};

pub(crate) fn routes() -> Routes {
    use Action::{AssignCase, CloseCase, OpenCase, ReferCase, ViewCase, ViewDesk, WorkCase};
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/cases",
            ViewDesk,
            |site, viewer, _| Ok(site.widest(viewer, ViewDesk)),
            list::shown,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/verify",
            OpenCase,
            new_case,
            act::open,
        )
        .asks(
            Method::GET,
            "/supervise/cases/{id}",
            ViewCase,
            of_path,
            page::shown,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/read",
            ViewCase,
            of_path,
            page::read,
        )
        .without_room()
        .asks(
            Method::POST,
            "/supervise/cases/{id}/check",
            WorkCase,
            of_path,
            act::check,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/answer",
            WorkCase,
            of_path,
            act::answer,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/hear",
            WorkCase,
            of_path,
            act::hear,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/refer",
            ReferCase,
            of_path,
            act::refer,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/assign",
            AssignCase,
            of_path,
            act::assign,
        )
        .asks(
            Method::POST,
            "/supervise/cases/{id}/close",
            CloseCase,
            of_path,
            act::end,
        )
}

/// A case about the flag of the path: it lies where the flag does, led and worked on by whoever opens it until somebody
/// else is named.
pub(crate) fn new_case(
    site: &Site,
    viewer: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id") else {
        return Ok(None);
    };
    let Some((_, resource)) = flag_of(site, id)? else {
        return Ok(None);
    };
    let hands = match resource.facts {
        Facts::Flag { hands, .. } => hands,
        _ => Hands::default(),
    };
    Ok(Some(Resource {
        facts: Facts::Case {
            hands,
            lead: viewer.account,
            assignee: viewer.account,
        },
        ..resource
    }))
}

/// The case of the path.
pub(crate) fn of_path(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id") else {
        return Ok(None);
    };
    Ok(site
        .platform()
        .query(|connection| resource(connection, id))?)
}

/// A case as authority sees it.
fn resource(of: &Connection, id: Uuid) -> rusqlite::Result<Option<Resource>> {
    let found: Option<(String, String, String)> = of
        .prepare_cached("select jurisdiction, lead, assignee from cases where id = ?1")?
        .query_row([id.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((jurisdiction, lead, assignee)) = found else {
        return Ok(None);
    };
    let subjects: Vec<(String, String)> = of
        .prepare_cached(
            "select distinct subject_kind, subject from case_flags c join flags f on f.stream = c.flag \
             where c.id = ?1",
        )?
        .query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut hands = Hands::default();
    for (kind, subject) in subjects {
        let more = hands_of(of, &kind, &subject)?;
        hands.filed.extend(more.filed);
        hands.village.extend(more.village);
        hands.township.extend(more.township);
        hands.department.extend(more.department);
    }
    // Cannot fail to parse: the projection wrote them.
    let account = |id: &str| Uuid::try_parse(id).unwrap_or_default();
    Ok(Some(Resource {
        id: id.to_string(),
        jurisdiction,
        facts: Facts::Case {
            hands,
            lead: account(&lead),
            assignee: account(&assignee),
        },
    }))
}

/// The stream of a case.
fn stream(id: Uuid) -> Result<StreamName, Problem> {
    StreamName::new("case", id).map_err(|error| Problem::fault(&error))
}
