//! A file is removed from an item: the item names it no longer. Its bytes and its history stay.

use std::collections::BTreeMap;

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::page::{Asked, Form, Frame, Problem, Site, told};
use kandeng_platform::{Answer, CommandError, Context};
use serde::Deserialize;

use super::super::super::words::words;
use super::super::read;
use super::Holder;
use super::page::show;
use crate::project::{ChangeItems, Project};
use crate::scene::Supervise;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Wanted {
    /// The row of the photo, or that the paper stands in.
    row: u32,
    /// The paper, by its name.
    name: String,
    /// The edition of the item that the page showed.
    edition: u32,
}

/// A file that an item shall name no longer.
pub(crate) struct Removed {
    /// The row of the photo, or that the paper stands in.
    pub row: u32,
    /// The paper, by its name.
    pub name: String,
    /// The edition of the item that was seen.
    pub edition: u32,
}

/// Removes a file from the item of the path.
pub(crate) async fn remove_one(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    gone: &Removed,
    cx: &Context,
) -> Result<Result<Answer, CommandError>, Problem> {
    let (page, declared) = read(site, scene, &asked.params)?;
    let holder = Holder::of(&declared.filing, asked)?;
    let command = ChangeItems {
        based_on: BTreeMap::from([(holder.item.key.clone(), gone.edition)]),
        edit: holder.without(&declared.filing, &page, gone.row, &gone.name)?,
        filing: declared.filing.clone(),
        people: BTreeMap::new(),
        file: None,
    };
    let platform = site.platform();
    let done = platform.carry_out::<Project, _>(page.row.id, command, cx);
    Ok(done.await)
}

pub(super) async fn remove(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let holder = Holder::of(&declared.filing, &asked)?;
    let gone = Removed {
        row: wanted.row,
        name: wanted.name,
        edition: wanted.edition,
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = remove_one(&site, &scene, &asked, &gone, &cx).await?;
    match done {
        Ok(_) => {
            let to = format!(
                "/supervise/projects/{}/items/{}/files/{}",
                page.row.id, holder.category.key, holder.item.key
            );
            Ok(told(Redirect::to(&to).into_response(), "file-removed"))
        }
        Err(CommandError::Refused(refusal)) => {
            let (page, declared) = read(&site, &scene, &asked.params)?;
            let words = words(asked.viewer.language);
            let refused = vec![words.of(&refusal.text).to_owned()];
            show(&site, &asked, &page, &declared, frame, refused, "", 0)
        }
        Err(error) => Err(error.into()),
    }
}
