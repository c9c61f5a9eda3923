//! Files that no item names any more, for whoever may erase one for good.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::page::{
    Asked, Form, Frame, Problem, Shell, Site, html, shown_as_it_is, told,
};
use serde::Deserialize;

use super::super::super::words::words;
use super::super::pictures::{FileLink, link};
use super::super::read;
use crate::project::{EraseFile, Project, ProjectPage, erase_said, names, said_so_far};
use crate::scene::Supervise;

struct Removed {
    link: FileLink,
    sha256: String,
    is_picture: bool,
    /// The reason that was typed, when it was refused.
    typed: String,
}

#[derive(Template)]
#[template(path = "erase.html")]
struct ErasePage {
    shell: Shell,
    told: Option<String>,
    id: String,
    code: String,
    name: String,
    removed: Vec<Removed>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    sha256: String,
    reason: String,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, _) = read(&site, &scene, &asked.params)?;
    Ok(show(&site, &asked, &page, frame, None, &Wanted::default()))
}

fn show(
    site: &Site,
    asked: &Asked,
    page: &ProjectPage,
    frame: Frame,
    told: Option<String>,
    wanted: &Wanted,
) -> Response {
    let words = words(asked.viewer.language);
    let is_refused = told.is_some();
    let shown = ErasePage {
        told,
        id: page.row.id.to_string(),
        code: page.row.code.clone(),
        name: page
            .row
            .name
            .clone()
            .unwrap_or_else(|| words.say("unnamed")),
        removed: removed(page)
            .into_values()
            .map(|file| Removed {
                link: link(words, page, file),
                sha256: file.sha256.clone(),
                is_picture: file.kind.is_picture(),
                typed: if file.sha256 == wanted.sha256 {
                    wanted.reason.clone()
                } else {
                    String::new()
                },
            })
            .collect(),
        shell: Shell::of(
            site,
            &asked.viewer,
            frame,
            words,
            words.say("removed-files"),
        ),
    };
    let answer = html(&shown);
    if is_refused {
        return (StatusCode::UNPROCESSABLE_ENTITY, shown_as_it_is(answer)).into_response();
    }
    answer
}

/// Files of the project that no cell names, each once, by hash.
fn removed(page: &ProjectPage) -> BTreeMap<&str, &crate::project::KeptFile> {
    let rows = page.filed.lists.values().flat_map(BTreeMap::values);
    let cells = std::iter::once(&page.filed.fields).chain(rows);
    let named: std::collections::BTreeSet<&str> = cells
        .flat_map(|row| row.values())
        .flat_map(|typed| names(typed))
        .collect();
    let files = page.files.values();
    let is_named = |hash: &str| {
        let files = page.files.values().filter(|file| file.sha256 == hash);
        named.contains(hash) || files.into_iter().any(|file| named.contains(&*file.name))
    };
    files
        .filter(|file| !is_named(&file.sha256))
        .map(|file| (&*file.sha256, file))
        .collect()
}

pub(super) async fn erase(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let (page, _) = read(&site, &scene, &asked.params)?;
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    // Nobody keeps the same file at the same time.
    let work = {
        let (site, scene, cx, id) = (site.clone(), scene.clone(), cx.clone(), page.row.id);
        let (sha256, reason) = (wanted.sha256.clone(), wanted.reason.clone());
        async move {
            let platform = site.platform().clone();
            let said = said_so_far(&platform, id)?;
            let command = EraseFile {
                sha256,
                reason,
                said,
            };
            let done = platform.carry_out::<Project, _>(id, command, &cx).await;
            if done.is_ok() {
                // What a crash leaves from here on the next round of the watch does.
                tokio::task::spawn_blocking(move || scene.let_erased_go(&platform))
                    .await
                    .map_err(|error| Problem::fault(&error))??;
            }
            Ok::<_, Problem>(done)
        }
    };
    let kept = scene.kept().keep(work).await;
    let done = kept.map_err(|error| Problem::fault(&error))??;
    match done {
        Ok(_) => {
            erase_said(site.platform(), &cx).await?;
            let to = format!("/supervise/projects/{}/removed", page.row.id);
            Ok(told(Redirect::to(&to).into_response(), "file-erased"))
        }
        Err(CommandError::Refused(refusal)) => {
            let words = words(asked.viewer.language);
            let told = words.of(&refusal.text).to_owned();
            Ok(show(&site, &asked, &page, frame, Some(told), &wanted))
        }
        Err(error) => Err(error.into()),
    }
}
