//! A file is removed from an item: the item names it no longer. Its bytes and its history stay.

use std::collections::BTreeMap;

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::page::{Asked, Form, Frame, Problem, Site, told};
use serde::Deserialize;

use super::super::super::words::words;
use super::super::read;
use super::Holder;
use super::page::show;
use crate::project::{Cells, ChangeItems, Edit, PHOTOS, Project, names};
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

pub(super) async fn remove(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let holder = Holder::of(&declared.filing, &asked)?;
    let without = |cell: Option<&String>| {
        let left: Vec<&str> = cell
            .map_or("", |cell| cell.as_str())
            .lines()
            .filter(|name| names(name).all(|name| name != wanted.name))
            .collect();
        (!left.is_empty()).then(|| left.join("\n"))
    };
    let mut edit = Edit::default();
    if holder.is_of_photos() {
        edit = edit.without_row(PHOTOS, wanted.row);
    } else if holder.table == declared.filing.sheets[0].table {
        let left = without(page.filed.fields.get(holder.column));
        edit.fields.insert(holder.column.to_owned(), left);
    } else {
        let rows = page.filed.lists.get(holder.table);
        let row = rows.and_then(|rows| rows.get(&wanted.row));
        let row = row.ok_or_else(Problem::not_found)?;
        let left = without(row.get(holder.column));
        let cells = Cells::from([(holder.column.to_owned(), left)]);
        let rows = edit.rows.entry(holder.table.to_owned()).or_default();
        rows.insert(wanted.row, Some(cells));
    }
    let based_on = BTreeMap::from([(holder.item.key.clone(), wanted.edition)]);
    let command = ChangeItems {
        filing: declared.filing.clone(),
        based_on,
        edit,
        people: BTreeMap::new(),
        file: None,
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .carry_out::<Project, _>(page.row.id, command, &cx)
        .await;
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
