//! A project's page: every item in its place, the doubtful ones red, who vouched, what happened.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_ledger::StreamName;
use kandeng_platform::Aggregate as _;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html, moment, money};
use rusqlite::params;
use uuid::Uuid;

use super::super::projects::{Option_, stage_name, stages};
use super::super::words::{pick, words};
use super::items::{label, written};
use super::marks::marks;
use super::read;
use crate::filing::{Field, Filing, Item, Sheet};
use crate::import::value::{Cell, money as money_value};
use crate::project::{Level, Project, ProjectEvent, ProjectPage as Filing_, Signature};
use crate::scene::Supervise;

/// Rows of a list that are shown before one asks for the others.
const ROWS: usize = 200;

/// A category, as one finds it at the top.
pub(super) struct Tab {
    pub key: String,
    pub name: String,
    /// How far it is, or how many of its items are doubtful.
    pub told: String,
    pub is_doubtful: bool,
    /// Nothing is asked of it yet, and nothing is there.
    pub is_to_do: bool,
    pub is_current: bool,
}

/// The categories of a project.
pub(super) fn tabs(
    words: Words,
    filing: &Filing,
    page: &Filing_,
    doubtful: &BTreeSet<&str>,
    current: Option<&str>,
) -> Vec<Tab> {
    let of = |category: &crate::filing::Category| {
        let count = category
            .items
            .iter()
            .filter(|item| doubtful.contains(&*item.key))
            .count();
        let progress = page
            .progress
            .get(&category.key)
            .copied()
            .unwrap_or_default();
        Tab {
            key: category.key.clone(),
            name: pick(words, &category.zh, &category.en).to_owned(),
            told: if count > 0 {
                words.say_of("doubtful-items", count.to_string().as_str())
            } else {
                format!("{}/{}", progress.filled, progress.apply)
            },
            is_doubtful: count > 0,
            is_to_do: progress.required == 0 && progress.filled == 0,
            is_current: current == Some(&*category.key),
        }
    };
    filing.categories.iter().map(of).collect()
}

/// What an item shows.
struct ItemView {
    key: String,
    label: String,
    lines: Vec<String>,
    /// Sentences under it, where it is doubtful.
    says: Vec<String>,
    is_doubtful: bool,
    /// It is required and not there.
    is_missing: bool,
    table: Option<TableView>,
    changed: bool,
}

/// Rows of a list.
struct TableView {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How many more there are.
    more: usize,
}

/// A category with its items, and who vouches for it.
struct SectionView {
    key: String,
    name: String,
    items: Vec<ItemView>,
    signatures: Vec<SignatureView>,
    /// What the viewer may do.
    acts: Vec<Act>,
    /// Whoever vouches at the levels, for what stands there now.
    stands: Vec<(String, bool)>,
}

struct SignatureView {
    level: String,
    who: String,
    at: String,
    edition: u32,
    returned: Option<String>,
    told: String,
    is_past: bool,
}

struct Act {
    /// `submit`, `review`, `accept`, `return`.
    name: &'static str,
    label: String,
    level: &'static str,
}

/// A flag on the project.
struct FlagView {
    id: String,
    rule: String,
    severity: String,
    says: String,
}

struct Happened {
    at: String,
    what: String,
    who: String,
    position: u64,
}

/// Another project that shares something with this one.
struct RelatedView {
    id: String,
    code: String,
    name: String,
    shares: String,
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage {
    shell: Shell,
    id: String,
    name: String,
    code: String,
    place: String,
    kind: String,
    owner: String,
    stage: String,
    budget: Option<String>,
    paid: String,
    withdrawn: bool,
    edition: u32,
    doubts: usize,
    tabs: Vec<Tab>,
    sections: Vec<SectionView>,
    flags: Vec<FlagView>,
    sees_flags: bool,
    happened: Vec<Happened>,
    related: Vec<RelatedView>,
    may_change: bool,
    may_withdraw: bool,
    stages: Vec<Option_>,
    ground: Option<super::ground::Ground>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &*declared.filing;
    let words = words(asked.viewer.language);
    let viewer = &asked.viewer;
    let code = page.row.code.clone();
    // What an officer sees are the flags; what a filer sees are the rules for filers, and nothing else.
    let on_flag = Resource {
        facts: kandeng_platform::authority::Facts::Flag {
            hands: kandeng_platform::authority::Hands::default(),
            severity: "low".to_owned(),
            proposed_by: None,
        },
        ..asked.resource.clone()
    };
    let sees_flags = site.authority().may(viewer, Action::ViewFlag, &on_flag);
    let mut flags = Vec::new();
    let mut says: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if sees_flags {
        for (flag, items) in flags_of(&site, words, &code)? {
            for item in items {
                says.entry(item).or_default().push(flag.says.clone());
            }
            flags.push(flag);
        }
    } else if !page.row.withdrawn {
        says = marks(&site, &scene, page.row.id, words).await?.items;
    }
    let doubtful: BTreeSet<&str> = says.keys().map(String::as_str).collect();
    let sections = sections(&site, viewer, &asked.resource, words, filing, &page, &says);
    let row = &page.row;
    let shown = ProjectPage {
        id: row.id.to_string(),
        name: row.name.clone().unwrap_or_else(|| words.say("unnamed")),
        code: code.clone(),
        place: site.divisions().place(&row.jurisdiction),
        kind: kind_name(words, filing, row.kind.as_deref()),
        owner: row.owner.clone().unwrap_or_default(),
        stage: stage_name(words, filing, &row.stage),
        budget: row.budget_fen.map(|fen| money(words, fen)),
        paid: money(words, row.paid_fen),
        withdrawn: row.withdrawn,
        edition: row.edition,
        doubts: doubtful.len(),
        tabs: tabs(words, filing, &page, &doubtful, None),
        sections,
        flags,
        sees_flags,
        happened: happened(&site, words, filing, row.id)?,
        related: if sees_flags {
            related(&site, viewer, words, row.id)?
        } else {
            Vec::new()
        },
        may_change: !row.withdrawn
            && site
                .authority()
                .may(viewer, Action::ChangeItems, &asked.resource),
        may_withdraw: !row.withdrawn
            && site
                .authority()
                .may(viewer, Action::WithdrawProject, &asked.resource),
        stages: stages(words, filing, &row.stage),
        ground: super::ground::of(words, filing, &page, scene.datum()),
        shell: Shell::of(
            &site,
            viewer,
            frame,
            words,
            row.name.clone().unwrap_or_else(|| code.clone()),
        ),
    };
    Ok(html(&shown))
}

/// How a kind of project is called.
pub(crate) fn kind_name(words: Words, filing: &Filing, key: Option<&str>) -> String {
    let kinds = filing.choices.get("kind").into_iter().flatten();
    let kind = kinds.into_iter().find(|kind| Some(&*kind.key) == key);
    kind.map_or_else(String::new, |kind| {
        pick(words, &kind.zh, &kind.en).to_owned()
    })
}

fn flags_of(
    site: &Site,
    words: Words,
    code: &str,
) -> Result<Vec<(FlagView, Vec<String>)>, Problem> {
    let language = pick(words, "says_zh", "says_en");
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select stream, rule, severity, {language}, items from flags where \
                 subject_kind = 'project' and subject = ?1 and state = 'open' order by \
                 case severity when 'high' then 0 when 'medium' then 1 else 2 end, rule, stream"
            ))?
            .query_map([code], |row| {
                let stream: String = row.get(0)?;
                let severity: String = row.get(2)?;
                let items: String = row.get(4)?;
                let flag = FlagView {
                    id: stream.rsplit('/').next().unwrap_or_default().to_owned(),
                    rule: row.get(1)?,
                    severity,
                    says: row.get(3)?,
                };
                // Cannot fail: the projection wrote it.
                Ok((flag, serde_json::from_str(&items).unwrap_or_default()))
            })?
            .collect::<rusqlite::Result<Vec<(FlagView, Vec<String>)>>>()
    })?;
    Ok(found)
}

fn sections(
    site: &Site,
    viewer: &Viewer,
    resource: &Resource,
    words: Words,
    filing: &Filing,
    page: &Filing_,
    says: &BTreeMap<String, Vec<String>>,
) -> Vec<SectionView> {
    let stage = filing.stage_rank(&page.row.stage).unwrap_or(0);
    let may = |action| !page.row.withdrawn && site.authority().may(viewer, action, resource);
    let mut names: BTreeMap<Uuid, String> = BTreeMap::new();
    let mut sections = Vec::new();
    for category in &filing.categories {
        let mut listed = BTreeSet::new();
        let items = category
            .items
            .iter()
            .filter(|item| !item.retired || page.items.contains_key(&item.key))
            .map(|item| item_view(words, filing, page, item, stage, says, &mut listed))
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
    page: &Filing_,
    item: &Item,
    stage: usize,
    says: &BTreeMap<String, Vec<String>>,
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
            format!("{}:{value}", pick(words, &found.zh, &found.en))
        } else {
            value.into_owned()
        });
    }
    let said = says.get(&item.key);
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
    }
}

/// A list with a line that sums it up.
fn table_view(
    words: Words,
    filing: &Filing,
    page: &Filing_,
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

/// What happened to the filing, newest first, from the ledger itself.
fn happened(
    site: &Site,
    words: Words,
    filing: &Filing,
    id: Uuid,
) -> Result<Vec<Happened>, Problem> {
    let stream = StreamName::new(Project::STREAM, id);
    let stream = stream.map_err(|error| Problem::fault(&error))?;
    let mut names: BTreeMap<Uuid, String> = BTreeMap::new();
    let mut all: Vec<Happened> = Vec::new();
    let item_names = |items: &[String]| {
        let names = items.iter().map(|key| {
            let item = filing.item(key);
            item.map_or(key.as_str(), |item| pick(words, &item.zh, &item.en))
        });
        names.collect::<Vec<_>>().join(pick(words, "、", ", "))
    };
    let category_name = |key: &str| {
        let category = filing.categories.iter().find(|known| known.key == key);
        category.map_or_else(
            || key.to_owned(),
            |category| pick(words, &category.zh, &category.en).to_owned(),
        )
    };
    let mut edition_told = 0;
    for recorded in site.platform().ledger().read_stream(&stream, 0)? {
        let read = Project::event_in(&recorded)
            .map_err(|error| Problem::fault(&std::io::Error::other(error)))?;
        let Some((envelope, event)) = read else {
            continue;
        };
        let what = match event {
            ProjectEvent::ProjectFiled { .. } => words.say("event-filed"),
            ProjectEvent::ItemsChanged {
                edition,
                items,
                file,
                ..
            } => {
                // One change may take several events.
                if edition == edition_told {
                    continue;
                }
                edition_told = edition;
                let key = if file.is_some() {
                    "event-imported"
                } else {
                    "event-changed"
                };
                words.say_of(key, &item_names(&items))
            }
            ProjectEvent::StageMoved { stage, reason, .. } => {
                let stage = stage_name(words, filing, &stage);
                let told = words.say_of("event-stage", &stage);
                match reason {
                    Some(reason) => format!("{told}: {reason}"),
                    None => told,
                }
            }
            ProjectEvent::CategorySubmitted { category, .. } => {
                words.say_of("event-submitted", &category_name(&category))
            }
            ProjectEvent::CategorySigned {
                category, level, ..
            } => words.say_with(
                "event-signed",
                &[
                    ("value", category_name(&category)),
                    ("level", words.of(&level.title()).to_owned()),
                ],
            ),
            ProjectEvent::CategoryReturned {
                category,
                level,
                reason,
                ..
            } => words.say_with(
                "event-returned",
                &[
                    ("value", category_name(&category)),
                    ("level", words.of(&level.title()).to_owned()),
                    ("reason", reason),
                ],
            ),
            ProjectEvent::ProjectWithdrawn { reason, .. } => {
                words.say_of("event-withdrawn", &reason)
            }
        };
        let who = names.entry(envelope.actor).or_insert_with(|| {
            let name = site.people().name(envelope.actor).ok().flatten();
            name.unwrap_or_else(|| words.say("somebody"))
        });
        all.push(Happened {
            at: moment(envelope.at.as_millisecond()),
            what,
            who: who.clone(),
            position: recorded.position,
        });
    }
    all.reverse();
    Ok(all)
}

/// The most projects that are named as related.
const RELATED: usize = 20;

/// Other projects with the same contractor, payee or account. Only those that the viewer may read.
fn related(
    site: &Site,
    viewer: &Viewer,
    words: Words,
    id: Uuid,
) -> Result<Vec<RelatedView>, Problem> {
    let within = site.places_for(viewer, Action::ViewProject, Resource::new_project);
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(include_str!("related.sql"))?
            .query_map(params![id.to_string(), RELATED as i64 * 4], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, String>(4)?,
                ))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let theirs = found.into_iter().filter(|(.., place, _)| {
        within
            .iter()
            .any(|code| kandeng_platform::jurisdiction::contains(code, place))
    });
    Ok(theirs
        .take(RELATED)
        .map(|(id, code, name, _, shares)| RelatedView {
            id,
            name: name.unwrap_or_else(|| words.say("unnamed")),
            code,
            shares: words.say(&format!("shares-{shares}")),
        })
        .collect())
}
