//! Handing a category in, signing it, giving it back.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Form, Problem, Site, told};
use kandeng_platform::{CommandError, Decide};
use serde::Deserialize;

use super::read;
use crate::filing::Category;
use crate::project::{
    Declared, Level, Looked, PHOTOS, Project, ProjectPage, ReturnCategory, SignCategory,
    SubmitCategory, file_column,
};
use crate::scene::Supervise;

/// What somebody who vouches says they looked at.
#[derive(Deserialize)]
pub(super) struct Vouched {
    /// The edition that their page showed.
    edition: u32,
}

/// Why a category is given back.
#[derive(Deserialize)]
pub(super) struct Returned {
    edition: u32,
    level: String,
    reason: String,
}

/// The category of the path, and the project that it belongs to.
pub(crate) struct Of {
    pub page: ProjectPage,
    pub declared: Declared,
    pub category: Category,
}

/// Finds it.
pub(crate) fn of(site: &Site, asked: &Asked, scene: &Supervise) -> Result<Of, Problem> {
    let (page, declared) = read(site, scene, &asked.params)?;
    let key = asked.params.get("category").unwrap_or_default();
    let category = declared.filing.categories.iter();
    let category = category
        .into_iter()
        .find(|known| known.key == key)
        .cloned()
        .ok_or_else(Problem::not_found)?;
    Ok(Of {
        page,
        declared,
        category,
    })
}

impl Of {
    /// What the page of a category shows: its items, and the papers among them.
    pub fn looked(&self) -> Looked {
        let items = self.category.items.iter().map(|item| item.key.clone());
        let items: Vec<String> = items
            .filter(|item| self.page.items.contains_key(item))
            .collect();
        Looked {
            evidence: self.evidence(),
            items,
        }
    }

    /// Photos and papers that the category's items name, by SHA-256.
    fn evidence(&self) -> Vec<String> {
        let (page, filing) = (&self.page, &*self.declared.filing);
        let mut all = BTreeSet::new();
        for item in &self.category.items {
            let Some((table, column)) = file_column(filing, item) else {
                continue;
            };
            let own = (table == filing.sheets[0].table).then_some(&page.filed.fields);
            let rows = page.filed.lists.get(table).into_iter();
            for row in own.into_iter().chain(rows.flat_map(BTreeMap::values)) {
                if table == PHOTOS {
                    let stated = row.get("sha256").filter(|stated| stated.len() == 64);
                    all.extend(stated.cloned());
                } else if let Some(cell) = row.get(column) {
                    all.extend(page.files_in(cell).map(|file| file.sha256.clone()));
                }
            }
        }
        all.into_iter().take(MOST_EVIDENCE).collect()
    }
}

/// The most files that a signature names one by one: what an event holds. The edition says which all of them are.
const MOST_EVIDENCE: usize = 600;

async fn carry_out<C>(
    site: &Site,
    asked: &Asked,
    of: &Of,
    command: C,
    done: &'static str,
) -> Result<Response, Problem>
where
    C: Clone + Send,
    Project: Decide<C>,
{
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let id = of.page.row.id;
    let answer = site
        .platform()
        .carry_out::<Project, _>(id, command, &cx)
        .await;
    match answer {
        Ok(_) => {
            let to = format!("/supervise/projects/{id}#{}", of.category.key);
            Ok(told(Redirect::to(&to).into_response(), done))
        }
        Err(CommandError::Refused(refusal)) => Err(refusal.into()),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn submit(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(vouched): Form<Vouched>,
) -> Result<Response, Problem> {
    let of = of(&site, &asked, &scene)?;
    let command = SubmitCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        edition: vouched.edition,
        looked: of.looked(),
    };
    carry_out(&site, &asked, &of, command, "submitted").await
}

async fn sign(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    level: Level,
    edition: u32,
) -> Result<Response, Problem> {
    let of = of(site, asked, scene)?;
    let command = SignCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        level,
        edition,
        looked: of.looked(),
    };
    carry_out(site, asked, &of, command, "signed").await
}

pub(super) async fn review(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(vouched): Form<Vouched>,
) -> Result<Response, Problem> {
    sign(&site, &asked, &scene, Level::Township, vouched.edition).await
}

pub(super) async fn accept(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(vouched): Form<Vouched>,
) -> Result<Response, Problem> {
    sign(&site, &asked, &scene, Level::Department, vouched.edition).await
}

pub(super) async fn give_back(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(returned): Form<Returned>,
) -> Result<Response, Problem> {
    let level = Level::parse(&returned.level).unwrap_or(Level::Village);
    // Only for a level that the viewer may act for.
    let action = match level {
        Level::Village => return Err(Problem::not_found()),
        Level::Township => Action::ReviewCategory,
        Level::Department => Action::AcceptCategory,
    };
    if !site.authority().may(&asked.viewer, action, &asked.resource) {
        return Err(Problem::not_found());
    }
    let of = of(&site, &asked, &scene)?;
    let command = ReturnCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        level,
        edition: returned.edition,
        reason: returned.reason,
    };
    carry_out(&site, &asked, &of, command, "returned").await
}
