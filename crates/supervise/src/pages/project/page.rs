//! A project's page: every item in its place, the doubtful ones red, who vouched, what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{
    Asked, Frame, Params, Part, Problem, Shell, Site, Words, framed, money,
};
use kandeng_platform::{Language, Remembered};
use rusqlite::params;
use uuid::Uuid;

use super::super::alike::{Alike, of_project};
use super::super::projects::{Option_, stage_name, stages};
use super::super::telling::Telling;
use super::super::words::{pick, words};
use super::happened::{Happened, happened};
use super::marks::marks;
use super::read;
use super::sections::{ABOUT, Said, SectionView, sections};
use crate::filing::Filing;
use crate::project::ProjectPage as Filing_;
use crate::scene::Supervise;

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

/// The most bytes of projects' pages that are remembered.
const MOST_BYTES: usize = 48 << 20;

/// Which project's page is shown, and to whom: everything that it depends on but what the ledger says.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Look {
    id: Uuid,
    language: Language,
    /// What the viewer may do to the project.
    may: Vec<Action>,
    sees_flags: bool,
    /// Where the viewer may read projects.
    within: Vec<String>,
}

impl Look {
    fn of(site: &Site, viewer: &Viewer, id: Uuid, project: &Resource) -> Self {
        let actions = [
            Action::ChangeItems,
            Action::WithdrawProject,
            Action::EraseFile,
        ];
        let actions = actions.into_iter().chain(ABOUT);
        Self {
            id,
            language: viewer.language,
            may: actions
                .filter(|action| site.authority().may(viewer, *action, project))
                .collect(),
            sees_flags: sees_flags(site, viewer, project),
            within: site.places_for(viewer, Action::ViewProject, Resource::new_project),
        }
    }
}

/// Projects' pages.
pub(crate) struct Pages(Remembered<Look, Arc<Part>>);

impl Default for Pages {
    fn default() -> Self {
        Self(Remembered::weighing(MOST_BYTES, |page| page.bytes()))
    }
}

/// A flag on the project.
struct FlagView {
    id: String,
    rule: String,
    severity: String,
    says: String,
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
    words: Words,
    token: String,
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
    alike: Vec<Alike>,
    may_change: bool,
    may_withdraw: bool,
    may_erase: bool,
    stages: Vec<Option_>,
    ground: Option<super::ground::Ground>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    // Cannot be missing: the route found the project by it.
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let look = Look::of(&site, viewer, id, &asked.resource);
    let write = write(&site, &scene, &asked.params, &look);
    let pages = &scene.project_pages().0;
    let part = pages
        .of_what_waits(site.platform(), look.clone(), write)
        .await?;
    let words = words(viewer.language);
    let shell = Shell::of(&site, viewer, frame, words, part.title());
    Ok(framed(shell, &part))
}

/// Writes what stands within the frame.
async fn write(
    site: &Site,
    scene: &Supervise,
    params: &Params,
    look: &Look,
) -> Result<Arc<Part>, Problem> {
    let (page, declared) = read(site, scene, params)?;
    let filing = &*declared.filing;
    let words = words(look.language);
    let row = &page.row;
    let code = &row.code;
    let mut flags = Vec::new();
    let mut says: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    let (mut related, mut alike) = (Vec::new(), Vec::new());
    if look.sees_flags {
        for (flag, items) in flags_of(site, &Telling::new(site, scene, words)?, words, code)? {
            for item in items {
                says.entry(item).or_default().push(Said {
                    text: flag.says.clone(),
                    href: Some(format!("/supervise/flags/{}", flag.id)),
                });
            }
            flags.push(flag);
        }
        related = related_to(site, words, &look.within, row.id)?;
        alike = of_project(site, scene, words, filing, &look.within, code)?;
    } else if !row.withdrawn {
        let marked = marks(site, scene, row.id, words).await?.items;
        let said = |text: String| Said { text, href: None };
        says = (marked.into_iter())
            .map(|(item, texts)| (item, texts.into_iter().map(said).collect()))
            .collect();
    }
    let doubtful: BTreeSet<&str> = says.keys().map(String::as_str).collect();
    let happened = happened(site, words, filing, row.id)?;
    let may = |action| !row.withdrawn && look.may.contains(&action);
    let title = row.name.clone().unwrap_or_else(|| code.clone());
    Part::write(site, title, |token| ProjectPage {
        words,
        token,
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
        sections: sections(site, &look.may, words, filing, &page, &says),
        flags,
        sees_flags: look.sees_flags,
        happened,
        related,
        alike,
        may_change: may(Action::ChangeItems),
        may_withdraw: may(Action::WithdrawProject),
        may_erase: look.may.contains(&Action::EraseFile),
        stages: stages(words, filing, &row.stage),
        ground: super::ground::of(words, filing, &page, scene.datum()),
    })
}

/// Whether somebody sees the flags of a project, as officers do; what a filer sees are the rules for filers, and nothing
/// else.
pub(crate) fn sees_flags(site: &Site, viewer: &Viewer, project: &Resource) -> bool {
    let on_flag = Resource {
        facts: kandeng_platform::authority::Facts::Flag {
            hands: kandeng_platform::authority::Hands::default(),
            severity: "low".to_owned(),
            proposed_by: None,
        },
        ..project.clone()
    };
    site.authority().may(viewer, Action::ViewFlag, &on_flag)
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
    telling: &Telling,
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
                let rule: String = row.get(1)?;
                let flag = FlagView {
                    id: stream.rsplit('/').next().unwrap_or_default().to_owned(),
                    severity,
                    says: telling.says(&rule, row.get(3)?),
                    rule,
                };
                // Cannot fail: the projection wrote it.
                Ok((flag, serde_json::from_str(&items).unwrap_or_default()))
            })?
            .collect::<rusqlite::Result<Vec<(FlagView, Vec<String>)>>>()
    })?;
    Ok(found)
}

/// The most projects that are named as related.
const RELATED: usize = 20;

/// Other projects with the same contractor, payee or account, with the same photo or on the same ground. Only those that the
/// viewer may read.
fn related_to(
    site: &Site,
    words: Words,
    within: &[String],
    id: Uuid,
) -> Result<Vec<RelatedView>, Problem> {
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
            shares: (shares.split(','))
                .map(|one| words.say(&format!("shares-{one}")))
                .collect::<Vec<_>>()
                .join(pick(words, "、", ", ")),
        })
        .collect())
}
