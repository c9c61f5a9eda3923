//! The form of a category is saved, as one goes or as a page, and checked each time.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Extension, Json};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Facts, Hands, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Problem, Site, Words, moment, shown_as_it_is, told,
};
use kandeng_platform::{CommandError, Refusal, jurisdiction};
use serde::Serialize;

use super::super::words::words;
use super::category::{Shown, category};
use super::form::Sent;
use super::marks::{Marks, marks};
use super::page::tabs;
use super::read;
use crate::filing::Filing;
use crate::import::value::{Cell, code};
use crate::project::{
    ChangeItems, Declared, Edit, Hiding, Project, ProjectPage, hide, versions_of,
};
use crate::scene::Supervise;

/// What a script is told that saves as one goes.
#[derive(Serialize)]
struct Saved {
    /// When, as clocks there show it.
    saved: String,
    /// The editions that the next change is based on.
    editions: BTreeMap<String, u32>,
    /// The numbers that new rows were given: list, number on the page, number now.
    rows: Vec<(String, u32, u32)>,
    /// What is said about fields: name in the form, kind, sentence.
    marks: Vec<(String, &'static str, String)>,
    /// What is said about items.
    items: BTreeMap<String, Vec<String>>,
    /// The categories: key, how far, whether something in it is doubtful.
    tabs: Vec<(String, String, bool)>,
}

/// What a script is told of an item where somebody else was first.
#[derive(Serialize)]
struct ConflictItem {
    item: String,
    edition: u32,
    who: String,
    cells: Vec<(String, String)>,
}

pub(super) async fn save(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let id = page.row.id;
    let viewer = &asked.viewer;
    let filing = &declared.filing;
    let category = category(filing, &asked)?;
    let words = words(viewer.language);
    let accepted = headers.get(header::ACCEPT);
    let by_script = accepted.is_some_and(|kind| kind.as_bytes() == b"application/json");
    let go = fields.iter().find(|(name, _)| name == "go");
    let go = go.map(|(_, to)| to.clone()).unwrap_or_default();
    let sent = Sent::read(filing, category, fields)?;
    let outcome = if moved_elsewhere(&site, viewer, &asked.resource, &sent.edit) {
        Err(words.say("village-elsewhere"))
    } else {
        change(&site, &scene, &asked, &page, &declared, &sent).await?
    };
    match outcome {
        Ok(()) if by_script => {
            let (after, _) = read(&site, &scene, &asked.params)?;
            let marks = marks(&site, &scene, id, words).await?;
            Ok(Json(saved(words, &site, filing, &page, &after, &sent, &marks)).into_response())
        }
        Ok(()) => {
            let to = filing.categories.iter().find(|known| known.key == go);
            // Saved first, so that nothing that was typed is lost on the way to adding files.
            let files = go.strip_prefix("files-");
            let files = files.and_then(|key| category.items.iter().find(|item| item.key == key));
            let to = match to {
                _ if go == "boundary" => {
                    format!("/supervise/projects/{id}/items/{}/boundary", category.key)
                }
                _ if let Some(item) = files => format!(
                    "/supervise/projects/{id}/items/{}/files/{}",
                    category.key, item.key
                ),
                Some(to) => format!("/supervise/projects/{id}/items/{}", to.key),
                None if go == "project" => format!("/supervise/projects/{id}"),
                None => format!("/supervise/projects/{id}/items/{}", category.key),
            };
            Ok(told(Redirect::to(&to).into_response(), "saved"))
        }
        Err(told) => {
            // What stands there by now, since somebody else was first.
            let (page, declared) = read(&site, &scene, &asked.params)?;
            let held = site.platform().query(|connection| {
                versions_of(connection, &declared.filing, id, &sent.compared(&page))
            })?;
            let marks = marks(&site, &scene, id, words).await?;
            let shown = Shown {
                site: &site,
                viewer,
                resource: &asked.resource,
                page: &page,
                declared: &declared,
                category,
                marks: &marks,
                words,
            };
            if by_script {
                let items: Vec<ConflictItem> = held
                    .iter()
                    .map(|held| {
                        let theirs = shown.theirs(held);
                        ConflictItem {
                            item: held.item.clone(),
                            edition: held.standing.edition,
                            who: theirs.who,
                            cells: theirs.cells,
                        }
                    })
                    .collect();
                let items = serde_json::to_value(items).map_err(|error| Problem::fault(&error))?;
                let refusal = Refusal::new("not-saved", told.clone(), told);
                return Err(Problem::from(refusal).with("items", items));
            }
            let mut answer = shown.answer(frame, Some(told), Some(&sent), &held);
            *answer.status_mut() = StatusCode::CONFLICT;
            Ok(shown_as_it_is(answer))
        }
    }
}

/// The village that an edit says, as the filing will be read: digits of full width are digits.
pub(crate) fn village_of(edit: &Edit) -> Option<String> {
    let typed = edit.fields.get("village_code")?.as_deref()?;
    let village = code::read(Cell::text(typed)).ok().flatten()?;
    jurisdiction::is_code(&village).then_some(village)
}

/// A project lies where its village does: nobody moves one to where they may not file.
pub(crate) fn moved_elsewhere(
    site: &Site,
    viewer: &Viewer,
    resource: &Resource,
    edit: &Edit,
) -> bool {
    let Some(village) = village_of(edit) else {
        return false;
    };
    let there = Resource {
        jurisdiction: village,
        id: resource.id.clone(),
        facts: Facts::Project {
            hands: Hands::default(),
        },
    };
    !site.authority().may(viewer, Action::ChangeItems, &there)
}

async fn change(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    page: &ProjectPage,
    declared: &Declared,
    sent: &Sent,
) -> Result<Result<(), String>, Problem> {
    let words = words(asked.viewer.language);
    let (edit, people) = {
        let mut hiding = Hiding::new(site.platform(), scene.vault(), scene.key());
        hide(
            &mut hiding,
            &declared.filing,
            &page.row.code,
            &page.filed,
            &page.order(),
            sent.edit.clone(),
        )?
    };
    let command = ChangeItems {
        filing: declared.filing.clone(),
        based_on: sent.compared(page),
        edit,
        people,
        file: None,
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .carry_out::<Project, _>(page.row.id, command, &cx)
        .await;
    match done {
        Ok(_) => Ok(Ok(())),
        Err(CommandError::Refused(refusal)) => Ok(Err(words.of(&refusal.text).to_owned())),
        Err(error) => Err(error.into()),
    }
}

impl Sent {
    /// The editions that the change is based on. Where somebody chose the other's value, that is settled.
    fn compared(&self, page: &ProjectPage) -> BTreeMap<String, u32> {
        let mut based_on = self.based_on.clone();
        for item in &self.theirs {
            if let Some(standing) = page.items.get(item) {
                based_on.insert(item.clone(), standing.edition);
            }
        }
        based_on
    }
}

fn saved(
    words: Words,
    site: &Site,
    filing: &Filing,
    before: &ProjectPage,
    after: &ProjectPage,
    sent: &Sent,
    marks: &Marks,
) -> Saved {
    let mut rows = Vec::new();
    for (list, typed) in &sent.edit.rows {
        let had = before.filed.lists.get(list);
        let has = after.filed.lists.get(list);
        let is_new = |number: &&u32| had.is_none_or(|had| !had.contains_key(number));
        let held = typed.iter().filter(|(_, cells)| {
            let cells = cells.as_ref();
            cells.is_some_and(|cells| cells.values().any(Option::is_some))
        });
        // New rows get the next numbers in the order in which they were sent.
        let asked = held.map(|(number, _)| number).filter(is_new);
        let given = has.into_iter().flat_map(BTreeMap::keys).filter(is_new);
        rows.extend(
            asked
                .zip(given)
                .map(|(asked, given)| (list.clone(), *asked, *given)),
        );
    }
    let own = filing.sheets[0].table.as_str();
    let said = marks.fields().flat_map(|(table, row, column, marks)| {
        let name = match (table == own, column) {
            (true, column) => format!("f.{column}"),
            (false, "") => format!("r.{table}.{row}"),
            (false, column) => format!("r.{table}.{row}.{column}"),
        };
        marks
            .iter()
            .map(move |mark| (name.clone(), mark.kind, mark.text.clone()))
    });
    let doubtful: BTreeSet<&str> = marks.items.keys().map(String::as_str).collect();
    Saved {
        saved: moment(site.platform().clock().now().as_millisecond()),
        editions: after.based_on(),
        rows,
        marks: said.collect(),
        items: marks.items.clone(),
        tabs: tabs(words, filing, after, &doubtful, None)
            .into_iter()
            .map(|tab| (tab.key, tab.told, tab.is_doubtful))
            .collect(),
    }
}
