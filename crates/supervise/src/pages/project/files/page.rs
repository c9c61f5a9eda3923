//! The page on which files of an item are added and removed.

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, shown_as_it_is};

use super::super::super::projects::Option_;
use super::super::super::words::{pick, words};
use super::super::items::written;
use super::super::pictures::{FileLink, PictureView, links, pictures};
use super::super::read;
use super::Holder;
use crate::project::{Declared, PHOTOS, ProjectPage};
use crate::scene::Supervise;

/// The most photos that the page shows.
const MOST_SHOWN: usize = 500;

/// A row of a list to which papers belong.
struct RowView {
    number: u32,
    label: String,
    chosen: bool,
    links: Vec<FileLink>,
}

#[derive(Template)]
#[template(path = "files.html")]
struct FilesPage {
    shell: Shell,
    told: Vec<String>,
    id: String,
    code: String,
    name: String,
    category: String,
    category_name: String,
    item: String,
    edition: u32,
    of_photos: bool,
    stages: Vec<Option_>,
    /// Rows that papers belong to, where the item is a list.
    rows: Option<Vec<RowView>>,
    /// Papers of the project's own row.
    links: Vec<FileLink>,
    pictures: Vec<PictureView>,
    hint: String,
    accept: &'static str,
    withdrawn: bool,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    show(&site, &asked, &page, &declared, frame, Vec::new(), "", 0)
}

/// The page as it stands, with what is wrong with what was sent, and what was chosen in it.
#[expect(clippy::too_many_arguments)] // all that a page is made of
pub(super) fn show(
    site: &Site,
    asked: &Asked,
    page: &ProjectPage,
    declared: &Declared,
    frame: Frame,
    told: Vec<String>,
    stage: &str,
    row: u32,
) -> Result<Response, Problem> {
    let filing = &*declared.filing;
    let words = words(asked.viewer.language);
    let holder = Holder::of(filing, asked)?;
    let of_photos = holder.is_of_photos();
    let is_own = holder.table == filing.sheets[0].table;
    let stages = filing.column(PHOTOS, "stage").map(|column| {
        let choices = filing.choices(column).iter();
        choices.map(|choice| Option_ {
            key: choice.key.clone(),
            name: pick(words, &choice.zh, &choice.en).to_owned(),
            chosen: choice.key == stage,
        })
    });
    let own = page.filed.fields.get(holder.column);
    let rows = (!of_photos && !is_own).then(|| rows(words, filing, page, &holder, row));
    let limits = [
        ("number", holder.most().files.to_string()),
        ("size", (holder.most().bytes >> 20).to_string()),
    ];
    let item = pick(words, &holder.item.zh, &holder.item.en).to_owned();
    let is_refused = !told.is_empty();
    let shown = FilesPage {
        told,
        id: page.row.id.to_string(),
        code: page.row.code.clone(),
        name: page
            .row
            .name
            .clone()
            .unwrap_or_else(|| words.say("unnamed")),
        category: holder.category.key.clone(),
        category_name: pick(words, &holder.category.zh, &holder.category.en).to_owned(),
        item: holder.item.key.clone(),
        edition: page
            .items
            .get(&holder.item.key)
            .map_or(0, |standing| standing.edition),
        of_photos,
        stages: stages.map_or_else(Vec::new, Iterator::collect),
        links: match own {
            Some(cell) if is_own => links(words, page, cell),
            _ => Vec::new(),
        },
        rows,
        pictures: if of_photos {
            pictures(words, filing, page, MOST_SHOWN)
        } else {
            Vec::new()
        },
        hint: words.say_with(
            if of_photos {
                "photos-hint"
            } else {
                "papers-hint"
            },
            &limits,
        ),
        // An iPhone converts its HEIC photos into the first of these that it can write, and only where HEIC itself (or any
        // picture) is not taken: JPEG keeps time and place.
        accept: if of_photos {
            "image/jpeg,image/png,image/webp"
        } else {
            ".pdf,.ofd,.docx,.xlsx,.pptx,.odt,.ods,image/jpeg,image/png,image/webp"
        },
        withdrawn: page.row.withdrawn,
        shell: Shell::of(site, &asked.viewer, frame, words, item),
    };
    let mut answer = html(&shown);
    if is_refused {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        answer = shown_as_it_is(answer);
    }
    Ok(answer)
}

/// Rows of the item's list, each told by its first filled cells.
fn rows(
    words: kandeng_platform::page::Words,
    filing: &crate::filing::Filing,
    page: &ProjectPage,
    holder: &Holder<'_>,
    chosen: u32,
) -> Vec<RowView> {
    let Some(sheet) = filing.sheet(holder.table) else {
        return Vec::new();
    };
    let rows = page.filed.lists.get(holder.table).into_iter().flatten();
    let view = |(place, (number, row)): (usize, (&u32, &crate::project::Row))| {
        let columns = sheet.columns.iter();
        let told = columns
            .filter(|column| column.template && column.key != "project_code")
            .filter(|column| column.key != holder.column)
            .filter_map(|column| {
                let typed = page.shown(row.get(&column.key)?);
                Some(written(words, filing, column, &typed).into_owned())
            });
        let told: Vec<String> = told.take(3).collect();
        RowView {
            number: *number,
            label: format!("{} · {}", place + 1, told.join(" · ")),
            chosen: *number == chosen,
            links: row
                .get(holder.column)
                .map_or_else(Vec::new, |cell| links(words, page, cell)),
        }
    };
    rows.enumerate().map(view).collect()
}
