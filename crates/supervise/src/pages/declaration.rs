//! The list of items as an administrator keeps it: added, renamed, required from another stage, retired. Each change is a
//! version of its own, and filings keep the version that they were filed by.

use askama::Template;
use axum::Extension;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Form, Frame, Problem, Routes, Shell, Site, html, told};
use serde::Deserialize;

use super::projects::{Option_, choices, stages};
use super::words::{pick, words};
use crate::project::{
    ChangeDeclaration, Declaration, DeclarationChange, NewColumn, declaration_id,
};
use crate::scene::Supervise;

pub(crate) fn routes() -> Routes {
    use Action::ChangeDeclaration;
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/declaration",
            ChangeDeclaration,
            |site, viewer, _| Ok(site.widest(viewer, ChangeDeclaration)),
            shown,
        )
        .asks(
            Method::POST,
            "/supervise/declaration",
            ChangeDeclaration,
            |site, viewer, _| Ok(site.widest(viewer, ChangeDeclaration)),
            change,
        )
}

/// What a new item may hold: one column of one of these.
const FIELDS: [(&str, &str, &str); 7] = [
    ("text", "文字", "text"),
    ("date", "日期", "date"),
    ("money", "金额", "money"),
    ("number", "数", "number"),
    ("int", "整数", "whole number"),
    ("percent", "百分比", "percentage"),
    ("bool", "是否", "yes or no"),
];

struct ItemLine {
    key: String,
    number: String,
    zh: String,
    en: String,
    stages: Vec<Option_>,
    retired: bool,
    public: bool,
}

struct CategoryView {
    name: String,
    items: Vec<ItemLine>,
}

#[derive(Template)]
#[template(path = "declaration.html")]
struct DeclarationPage {
    shell: Shell,
    told: Option<String>,
    version: u32,
    categories: Vec<CategoryView>,
    keys: Vec<Option_>,
    stages: Vec<Option_>,
    fields: Vec<Option_>,
    typed: Sent,
}

/// A change as the form sends it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    what: String,
    version: u32,
    item: String,
    category: String,
    key: String,
    zh: String,
    en: String,
    stage: String,
    field: String,
    public: String,
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    show(&site, &asked.viewer, &scene, frame, None, Sent::default())
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Option<String>,
    typed: Sent,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let declared = scene.newest(site)?;
    let filing = &declared.filing;
    let categories = filing.categories.iter().map(|category| CategoryView {
        name: pick(words, &category.zh, &category.en).to_owned(),
        items: category
            .items
            .iter()
            .map(|item| ItemLine {
                key: item.key.clone(),
                number: item.number.clone(),
                zh: item.zh.clone(),
                en: item.en.clone(),
                stages: stages(words, filing, &item.from),
                retired: item.retired,
                public: item.public,
            })
            .collect(),
    });
    let keys: Vec<(&str, &str, &str)> = filing
        .categories
        .iter()
        .map(|category| (&*category.key, &*category.zh, &*category.en))
        .collect();
    let page = DeclarationPage {
        told,
        version: declared.version,
        categories: categories.collect(),
        keys: choices(words, &keys, &typed.category),
        stages: stages(words, filing, &typed.stage),
        fields: choices(words, &FIELDS, &typed.field),
        typed,
        shell: Shell::of(site, viewer, frame, words, words.say("declaration")),
    };
    Ok(html(&page))
}

async fn change(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let (zh, en) = (sent.zh.clone(), sent.en.clone());
    let item = sent.item.clone();
    let change = match sent.what.as_str() {
        "relabel" => Some(DeclarationChange::Relabel { item, zh, en }),
        "require" => Some(DeclarationChange::RequireFrom {
            item,
            stage: sent.stage.clone(),
        }),
        "retire" => Some(DeclarationChange::Retire { item }),
        "restore" => Some(DeclarationChange::Restore { item }),
        "add" if FIELDS.iter().any(|(key, ..)| *key == sent.field) => {
            Some(DeclarationChange::AddItem {
                category: sent.category.clone(),
                key: sent.key.clone(),
                from: sent.stage.clone(),
                public: !sent.public.is_empty(),
                columns: vec![NewColumn {
                    key: sent.key.clone(),
                    zh: zh.clone(),
                    en: en.clone(),
                    field: sent.field.clone(),
                    choices: Vec::new(),
                    example: String::new(),
                }],
                zh,
                en,
            })
        }
        _ => None,
    };
    let Some(change) = change else {
        let told = Some(words.say("both-names-needed"));
        return show(&site, &asked.viewer, &scene, frame, told, sent);
    };
    let command = ChangeDeclaration {
        version: sent.version,
        change,
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .carry_out::<Declaration, _>(declaration_id(), command, &cx)
        .await;
    match done {
        Ok(_) => Ok(told(
            Redirect::to("/supervise/declaration").into_response(),
            "declared",
        )),
        Err(CommandError::Refused(refusal)) => {
            let told = Some(words.of(&refusal.text).to_owned());
            show(&site, &asked.viewer, &scene, frame, told, sent)
        }
        Err(error) => Err(error.into()),
    }
}
