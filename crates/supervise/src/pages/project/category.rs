//! The form of a category, as it is shown.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html, moment};
use uuid::Uuid;

use super::super::words::{pick, words};
use super::form::Sent;
use super::items::{FieldView, Mark, NEW_ROWS, label, written};
use super::marks::{Marks, marks};
use super::page::{Tab, tabs};
use super::pictures::{PictureView, is_the_files, links, picture};
use super::read;
use crate::filing::{Category, Filing, Sheet};
use crate::project::{Declared, Filed, Held, PHOTOS, ProjectPage, file_column};
use crate::scene::Supervise;

/// Empty rows below a list, for a browser without JavaScript.
const SPARE: u32 = 2;

/// A list of an item.
struct ListView {
    table: String,
    name: String,
    columns: Vec<String>,
    rows: Vec<RowView>,
    /// What is said about it as a whole.
    marks: Vec<Mark>,
}

struct RowView {
    number: u32,
    /// Its place in the list, from 1; nothing for a row that is to be typed in.
    place: Option<usize>,
    fields: Vec<FieldView>,
    /// What is said about it as a whole.
    marks: Vec<Mark>,
    /// Of a photo.
    picture: Option<PictureView>,
}

struct ItemView {
    key: String,
    number: String,
    label: String,
    required: bool,
    edition: u32,
    fields: Vec<FieldView>,
    list: Option<ListView>,
    /// The list that it is kept in stands at another item.
    elsewhere: Option<String>,
    /// Where a button leads once the form is saved, and what it says: to adding files, to drawing the boundary.
    leads: Option<(String, String)>,
    /// What the rules say, where no field of it says so.
    says: Vec<String>,
    changed: Option<String>,
    /// What somebody else has filled in meanwhile.
    theirs: Option<Theirs>,
}

pub(super) struct Theirs {
    pub who: String,
    pub cells: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "category.html")]
struct CategoryPage {
    shell: Shell,
    /// Whose account: what a script keeps of what was typed is theirs alone.
    by: String,
    told: Option<String>,
    id: String,
    code: String,
    name: String,
    place: String,
    category: String,
    tabs: Vec<Tab>,
    items: Vec<ItemView>,
    before: Option<String>,
    after: Option<String>,
    may_submit: bool,
    edition: u32,
    has_conflict: bool,
}

pub(super) fn category<'f>(filing: &'f Filing, asked: &Asked) -> Result<&'f Category, Problem> {
    let key = asked.params.get("category").unwrap_or_default();
    let found = filing.categories.iter().find(|known| known.key == key);
    found.ok_or_else(Problem::not_found)
}

pub(super) async fn form(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let category = category(&declared.filing, &asked)?;
    let words = words(asked.viewer.language);
    let marks = marks(&site, &scene, page.row.id, words).await?;
    let shown = Shown {
        site: &site,
        viewer: &asked.viewer,
        resource: &asked.resource,
        page: &page,
        declared: &declared,
        category,
        marks: &marks,
        words,
    };
    Ok(shown.answer(frame, None, None, &[]))
}

/// All that a category's form is made of.
pub(super) struct Shown<'a> {
    pub site: &'a Site,
    pub viewer: &'a Viewer,
    pub resource: &'a Resource,
    pub page: &'a ProjectPage,
    pub declared: &'a Declared,
    pub category: &'a Category,
    pub marks: &'a Marks,
    pub words: Words,
}

impl Shown<'_> {
    pub fn answer(
        &self,
        frame: Frame,
        told: Option<String>,
        sent: Option<&Sent>,
        held: &[Held],
    ) -> Response {
        let words = self.words;
        let filing = &self.declared.filing;
        let mut filed = self.page.filed.clone();
        if let Some(sent) = sent {
            filed.take(sent.edit.clone());
        }
        let categories = &filing.categories;
        let place = self.category.number - 1;
        let key = |place: usize| categories.get(place).map(|known| known.key.clone());
        let page = CategoryPage {
            told,
            id: self.page.row.id.to_string(),
            code: self.page.row.code.clone(),
            name: self
                .page
                .row
                .name
                .clone()
                .unwrap_or_else(|| words.say("unnamed")),
            place: self.site.divisions().place(&self.page.row.jurisdiction),
            category: self.category.key.clone(),
            tabs: tabs(
                words,
                filing,
                self.page,
                &self.marks.items.keys().map(String::as_str).collect(),
                Some(&self.category.key),
            ),
            items: self.items(&filed, held),
            before: place.checked_sub(1).and_then(key),
            after: key(place + 1),
            may_submit: self.site.authority().may(
                self.viewer,
                Action::SubmitCategory,
                self.resource,
            ),
            edition: self.page.row.edition,
            by: self.viewer.account.to_string(),
            has_conflict: !held.is_empty(),
            shell: Shell::of(
                self.site,
                self.viewer,
                frame,
                words,
                pick(words, &self.category.zh, &self.category.en).to_owned(),
            ),
        };
        html(&page)
    }

    fn items(&self, filed: &Filed, held: &[Held]) -> Vec<ItemView> {
        let filing = &self.declared.filing;
        let words = self.words;
        let stage = filing.stage_rank(&self.page.row.stage).unwrap_or(0);
        let own = filing.sheets[0].table.as_str();
        let mut listed: BTreeMap<&str, String> = BTreeMap::new();
        let mut views = Vec::new();
        for item in self.category.items.iter().filter(|item| !item.retired) {
            let name = pick(words, &item.zh, &item.en).to_owned();
            let mut fields = Vec::new();
            let mut list = None;
            let mut elsewhere = None;
            for (table, column) in filing.columns_of(&item.key) {
                if table != own {
                    match listed.get(table) {
                        Some(other) if *other != name => elsewhere = Some(other.clone()),
                        Some(_) => {}
                        None => {
                            if let Some(sheet) = filing.sheet(table) {
                                list = Some(self.list(sheet, filed));
                            }
                            listed.insert(table, name.clone());
                        }
                    }
                    continue;
                }
                // The code is what the project was filed under.
                if column == "project_code" {
                    continue;
                }
                if let Some(found) = filing.column(table, column) {
                    let typed = filed.fields.get(column).map_or("", String::as_str);
                    let typed = self.page.shown(typed);
                    let marks = self.marks.of(own, 0, column);
                    let name = format!("f.{column}");
                    fields.push(FieldView {
                        links: links(words, self.page, &typed),
                        ..FieldView::of(words, filing, found, name, &typed, marks)
                    });
                }
            }
            let standing = self.page.items.get(&item.key);
            let told_below = fields.iter().any(|field| {
                let mut marks = field.marks.iter();
                marks.any(|mark| mark.kind == "doubt" && !mark.text.is_empty())
            });
            let told_in_list = list.as_ref().is_some_and(ListView::is_told);
            let says = self.marks.items.get(&item.key).cloned();
            views.push(ItemView {
                says: says
                    .filter(|_| !told_below && !told_in_list)
                    .unwrap_or_default(),
                key: item.key.clone(),
                number: item.number.clone(),
                required: filing
                    .stage_rank(&item.from)
                    .is_none_or(|from| from <= stage),
                edition: standing.map_or(0, |standing| standing.edition),
                changed: standing.map(|standing| {
                    let at = moment(standing.at.as_millisecond());
                    format!("{} · {at}", self.who(standing.by))
                }),
                theirs: held
                    .iter()
                    .find(|held| held.item == item.key)
                    .map(|held| self.theirs(held)),
                leads: if item.key == "boundary" {
                    Some(("boundary".to_owned(), words.say("draw-boundary")))
                } else {
                    file_column(filing, item).map(|(table, _)| {
                        let key = if table == PHOTOS {
                            "add-photos"
                        } else {
                            "add-papers"
                        };
                        (format!("files-{}", item.key), words.say(key))
                    })
                },
                label: name,
                fields,
                list,
                elsewhere,
            });
        }
        views
    }

    fn list(&self, sheet: &Sheet, filed: &Filed) -> ListView {
        let filing = &self.declared.filing;
        let words = self.words;
        let is_shown = |column: &&crate::filing::Column| {
            column.key != "project_code"
                && !column.recorded
                && column.seals.is_empty()
                && column.template
                && !filing.is_retired(column)
        };
        let columns: Vec<_> = sheet.columns.iter().filter(is_shown).collect();
        let row = |number: u32, place: Option<usize>, cells: Option<&crate::project::Row>| {
            let fields = columns.iter().map(|column| {
                let typed = cells.and_then(|cells| cells.get(&column.key));
                let typed = typed.map_or_else(String::new, |typed| self.page.shown(typed));
                let name = format!("r.{}.{number}.{}", sheet.table, column.key);
                let marks = self.marks.of(&sheet.table, number, &column.key);
                let field = FieldView {
                    links: links(words, self.page, &typed),
                    ..FieldView::of(words, filing, column, name, &typed, marks)
                };
                match cells {
                    Some(row) if is_the_files(self.page, &sheet.table, column, row) => {
                        field.fixed(words, filing, column)
                    }
                    _ => field,
                }
            });
            RowView {
                number,
                place,
                fields: fields.collect(),
                marks: self.marks.of(&sheet.table, number, ""),
                picture: cells
                    .filter(|_| sheet.table == PHOTOS)
                    .map(|cells| picture(words, filing, self.page, number, cells)),
            }
        };
        let held = filed.lists.get(&sheet.table);
        let mut rows = Vec::new();
        for (place, (number, cells)) in held.into_iter().flatten().enumerate() {
            rows.push(row(*number, Some(place + 1), Some(cells)));
        }
        let last = held.and_then(|rows| rows.keys().next_back()).copied();
        let next = last.map_or(NEW_ROWS, |last| (last + 1).max(NEW_ROWS));
        for spare in 0..SPARE {
            rows.push(row(next + spare, None, None));
        }
        ListView {
            table: sheet.table.clone(),
            name: pick(words, &sheet.zh, &sheet.en).to_owned(),
            columns: columns.iter().map(|column| label(words, column)).collect(),
            rows,
            marks: self.marks.of(&sheet.table, 0, ""),
        }
    }

    fn who(&self, account: Uuid) -> String {
        let name = self.site.people().name(account).ok().flatten();
        name.unwrap_or_else(|| self.words.say("somebody"))
    }

    pub fn theirs(&self, held: &Held) -> Theirs {
        let filing = &self.declared.filing;
        let own = filing.sheets[0].table.as_str();
        let cells = held.cells.iter().filter_map(|cell| {
            let table = cell.row.as_ref().map_or(own, |(table, _)| table);
            let column = filing.column(table, &cell.column)?;
            let mut name = label(self.words, column);
            if let Some((list, row)) = &cell.row {
                let rows = self.page.filed.lists.get(list);
                let place = rows.and_then(|rows| rows.keys().position(|known| known == row));
                name = format!("{name} ({})", place.map_or(0, |place| place + 1));
            }
            let value = written(self.words, filing, column, &cell.typed).into_owned();
            Some((name, value))
        });
        Theirs {
            who: format!(
                "{} · {}",
                self.who(held.standing.by),
                moment(held.standing.at.as_millisecond())
            ),
            cells: cells.collect(),
        }
    }
}

impl ListView {
    /// Whether something is said about it or its rows.
    fn is_told(&self) -> bool {
        let of_rows = self.rows.iter().flat_map(|row| {
            let of_fields = row.fields.iter().flat_map(|field| &field.marks);
            row.marks.iter().chain(of_fields)
        });
        let mut all = self.marks.iter().chain(of_rows);
        all.any(|mark| mark.kind == "doubt" && !mark.text.is_empty())
    }
}
