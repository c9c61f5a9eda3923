//! The categories of a project's page: every item in its place, the doubtful ones red, and who vouches.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_platform::authority::Action;
use kandeng_platform::page::{Site, Words, moment, money};
use uuid::Uuid;

use super::super::words::pick;
use super::items::{label, written};
use super::pictures::{FileLink, PictureView, links, pictures};
use crate::filing::{Field, Filing, Item, Sheet};
use crate::import::value::{Cell, money as money_value};
use crate::project::{Level, PHOTOS, ProjectPage, Signature, file_column};

/// Rows of a list that are shown before one asks for the others.
const ROWS: usize = 200;

/// Photos of an item that are shown; all of them stand on the page where they are added.
const PICTURES: usize = 24;

/// What is said of a doubtful item.
#[derive(Clone)]
pub(super) struct Said {
    pub text: String,
    /// The page with the reason, for whoever sees doubts.
    pub href: Option<String>,
}

/// What an item shows.
pub(super) struct ItemView {
    pub key: String,
    pub label: String,
    pub lines: Vec<String>,
    /// Sentences under it, where it is doubtful.
    pub says: Vec<Said>,
    pub is_doubtful: bool,
    /// It is required and not there.
    pub is_missing: bool,
    pub table: Option<TableView>,
    pub changed: bool,
    /// Photos whose files are kept.
    pub pictures: Vec<PictureView>,
    /// Documents that are kept.
    pub links: Vec<FileLink>,
    /// Where files are added to it, and what the link says.
    pub add: Option<(String, String)>,
}

/// Rows of a list.
pub(super) struct TableView {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// How many more there are.
    pub more: usize,
}

/// A category with its items, and who vouches for it.
pub(super) struct SectionView {
    pub key: String,
    pub name: String,
    pub items: Vec<ItemView>,
    pub signatures: Vec<SignatureView>,
    /// What the viewer may do.
    pub acts: Vec<Act>,
    /// Whoever vouches at the levels, for what stands there now.
    pub stands: Vec<(String, bool)>,
}

pub(super) struct SignatureView {
    pub level: String,
    pub who: String,
    pub at: String,
    pub edition: u32,
    pub returned: Option<String>,
    pub told: String,
    pub is_past: bool,
}

pub(super) struct Act {
    /// `submit`, `review`, `accept`, `return`.
    pub name: &'static str,
    pub label: String,
    pub level: &'static str,
}

/// What may be done about categories, or not.
pub(super) const ABOUT: [Action; 5] = [
    Action::UploadEvidence,
    Action::SubmitCategory,
    Action::ReviewCategory,
    Action::AcceptCategory,
    Action::ReturnCategory,
];

/// The categories of a project, each with what the viewer may do about it: of [`ABOUT`], what `may` has.
pub(super) fn sections(
    site: &Site,
    may: &[Action],
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    says: &BTreeMap<String, Vec<Said>>,
) -> Vec<SectionView> {
    let stage = filing.stage_rank(&page.row.stage).unwrap_or(0);
    let may = |action| !page.row.withdrawn && may.contains(&action);
    let mut names: BTreeMap<Uuid, String> = BTreeMap::new();
    let mut sections = Vec::new();
    for category in &filing.categories {
        let mut listed = BTreeSet::new();
        let items = category
            .items
            .iter()
            .filter(|item| !item.retired || page.items.contains_key(&item.key))
            .map(|item| {
                let add = file_column(filing, item).filter(|_| may(Action::UploadEvidence));
                let add = add.map(|(table, _)| {
                    let key = if table == PHOTOS {
                        "add-photos"
                    } else {
                        "add-papers"
                    };
                    let (id, category, item) = (page.row.id, &category.key, &item.key);
                    let to = format!("/supervise/projects/{id}/items/{category}/files/{item}");
                    (to, words.say(key))
                });
                let view = item_view(words, filing, page, item, stage, says, &mut listed);
                ItemView { add, ..view }
            })
            .collect();
        let signatures: Vec<&Signature> = page
            .signatures
            .iter()
            .filter(|signature| signature.category == category.key)
            .collect();
        let standing = |level: Level| {
            signatures
                .iter()
                .any(|signature| signature.level == level && signature.stands)
        };
        let has_any = category
            .items
            .iter()
            .any(|item| page.items.contains_key(&item.key));
        let mut acts = Vec::new();
        let mut act = |name, label: &str, level| {
            acts.push(Act {
                name,
                label: words.say(label),
                level,
            });
        };
        let (village, township, department) = (
            standing(Level::Village),
            standing(Level::Township),
            standing(Level::Department),
        );
        if has_any && !village && may(Action::SubmitCategory) {
            act("submit", "submit-category", "village");
        }
        if village && !township && may(Action::ReviewCategory) {
            act("review", "sign-category", "township");
        }
        if township && !department && may(Action::AcceptCategory) {
            act("accept", "sign-category", "department");
        }
        if village && may(Action::ReturnCategory) {
            if may(Action::ReviewCategory) {
                act("return", "return-category", "township");
            } else if may(Action::AcceptCategory) {
                act("return", "return-category", "department");
            }
        }
        let signatures = signatures.iter().rev().map(|signature| {
            let who = names.entry(signature.by).or_insert_with(|| {
                let name = site.people().name(signature.by).ok().flatten();
                name.unwrap_or_else(|| words.say("somebody"))
            });
            SignatureView {
                level: words.of(&signature.level.title()).to_owned(),
                who: who.clone(),
                at: moment(signature.at.as_millisecond()),
                edition: signature.edition,
                returned: signature.returned.clone(),
                told: words.say(if signature.returned.is_some() {
                    "returned"
                } else if signature.stands {
                    "vouches"
                } else if signature.changed_after {
                    "changed-after"
                } else {
                    "returned-after"
                }),
                is_past: !signature.stands,
            }
        });
        sections.push(SectionView {
            key: category.key.clone(),
            name: pick(words, &category.zh, &category.en).to_owned(),
            items,
            signatures: signatures.collect(),
            acts,
            stands: Level::ALL
                .iter()
                .map(|level| (words.of(&level.title()).to_owned(), standing(*level)))
                .collect(),
        });
    }
    sections
}

fn item_view(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    item: &Item,
    stage: usize,
    says: &BTreeMap<String, Vec<Said>>,
    listed: &mut BTreeSet<String>,
) -> ItemView {
    let own = filing.sheets[0].table.as_str();
    let mut lines = Vec::new();
    let mut table = None;
    let columns = filing.columns_of(&item.key);
    let several = columns.iter().filter(|(table, _)| *table == own).count() > 1;
    for (of, column) in &columns {
        if *of != own {
            if listed.insert((*of).to_owned())
                && let Some(sheet) = filing.sheet(of)
            {
                table = table_view(words, filing, page, sheet, &mut lines);
            }
            continue;
        }
        if *column == "project_code" {
            lines.push(page.row.code.clone());
            continue;
        }
        let (Some(typed), Some(found)) =
            (page.filed.fields.get(*column), filing.column(of, column))
        else {
            continue;
        };
        // A unit stands behind its quantity.
        if found.field == Field::Unit {
            if let Some(last) = lines.last_mut() {
                last.push(' ');
                last.push_str(typed);
            }
            continue;
        }
        let shown = page.shown(typed);
        let value = written(words, filing, found, &shown);
        lines.push(if several && found.field != Field::Quantity {
            format!(
                "{}{}{value}",
                pick(words, &found.zh, &found.en),
                pick(words, ":", ": ")
            )
        } else {
            value.into_owned()
        });
    }
    let said = says.get(&item.key);
    let named_in = file_column(filing, item);
    let is_required = filing
        .stage_rank(&item.from)
        .is_none_or(|from| from <= stage);
    ItemView {
        key: item.key.clone(),
        label: pick(words, &item.zh, &item.en).to_owned(),
        is_missing: lines.is_empty() && table.is_none() && is_required && item.when.is_none(),
        is_doubtful: said.is_some(),
        says: said.cloned().unwrap_or_default(),
        lines,
        table,
        changed: page.items.contains_key(&item.key),
        pictures: match named_in {
            Some((PHOTOS, _)) => {
                let mut all = pictures(words, filing, page, PICTURES);
                all.retain(|one| one.href.is_some());
                all
            }
            _ => Vec::new(),
        },
        links: match named_in {
            Some((PHOTOS, _)) | None => Vec::new(),
            Some((table, column)) if table == own => page
                .filed
                .fields
                .get(column)
                .map_or_else(Vec::new, |cell| links(words, page, cell)),
            Some((table, column)) => {
                let rows = page.filed.lists.get(table).into_iter();
                let cells = rows
                    .flat_map(BTreeMap::values)
                    .filter_map(|row| row.get(column));
                cells.flat_map(|cell| links(words, page, cell)).collect()
            }
        },
        add: None,
    }
}

/// A list with a line that sums it up.
fn table_view(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    sheet: &Sheet,
    lines: &mut Vec<String>,
) -> Option<TableView> {
    let rows = page.filed.lists.get(&sheet.table)?;
    let is_filled = |key: &str| rows.values().any(|row| row.contains_key(key));
    let columns: Vec<_> = sheet
        .columns
        .iter()
        .filter(|column| column.key != "project_code" && column.template && is_filled(&column.key))
        .collect();
    let sums: Vec<String> = columns
        .iter()
        .filter(|column| column.field == Field::Money)
        .filter_map(|column| {
            let cells = rows.values().filter_map(|row| row.get(&column.key));
            let fen = cells.filter_map(|typed| {
                money_value::read(Cell::text(typed), money_value::YUAN)
                    .ok()
                    .flatten()
            });
            let sum = fen.fold(0_i64, i64::saturating_add);
            (sum != 0).then(|| money(words, sum))
        })
        .collect();
    let mut summary = words.say_of("rows", rows.len().to_string().as_str());
    for sum in sums.iter().take(1) {
        summary = format!("{summary} · {sum}");
    }
    lines.push(summary);
    let shown = rows.values().take(ROWS).map(|row| {
        columns
            .iter()
            .map(|column| {
                row.get(&column.key).map_or_else(String::new, |typed| {
                    written(words, filing, column, &page.shown(typed)).into_owned()
                })
            })
            .collect()
    });
    Some(TableView {
        name: pick(words, &sheet.zh, &sheet.en).to_owned(),
        columns: columns.iter().map(|column| label(words, column)).collect(),
        rows: shown.collect(),
        more: rows.len().saturating_sub(ROWS),
    })
}
