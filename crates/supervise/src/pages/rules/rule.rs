//! One rule: what it says of itself, its parameters with the county's values, who changed them and why.

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment};
use kandeng_screening::pack::{Body, Rule};
use uuid::Uuid;

use super::super::words::{text, words};
use super::parameter::{Shown, Typed};
use crate::officer::parameters;
use crate::scene::Supervise;

/// A parameter as the page shows it.
struct ParameterLine {
    name: String,
    value: String,
    default: String,
    /// What was typed into its form, where that was refused or is previewed.
    typed: String,
    reason: String,
    /// The preview of it, or the refusal, stands below this one.
    chosen: bool,
}

struct ChangeLine {
    at: String,
    who: String,
    change: parameters::ParameterChange,
}

#[derive(Template)]
#[template(path = "rule.html")]
struct RulePage {
    shell: Shell,
    id: String,
    title: String,
    severity: String,
    method: String,
    why: String,
    basis: String,
    excludes: String,
    sql: String,
    parameters: Vec<ParameterLine>,
    changes: Vec<ChangeLine>,
    may_change: bool,
    told: Option<String>,
    preview: Option<Shown>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    show(&site, &asked, &scene, frame, Typed::default())
}

/// The rule's SQL.
pub(crate) fn sql_of(rule: &Rule) -> String {
    match &rule.body {
        Body::Query { sql, .. } => sql.clone(),
        Body::RowCheck { flag_when, .. } => flag_when.clone(),
    }
}

pub(super) fn show(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    typed: Typed,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let pack = scene.pack(site)?;
    let id = asked.params.get("rule").unwrap_or_default();
    let rule = pack.rules.iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(Problem::not_found)?;
    let (set, changes) = site.platform().query(|connection| {
        Ok((
            parameters::of(connection, &pack)?,
            parameters::changes(connection, id)?,
        ))
    })?;
    let parameters = rule.params.iter().map(|(name, default)| {
        let set = set.get(&(rule.id.clone(), name.clone()));
        let value = parameters::written(set.unwrap_or(default));
        let chosen = typed.name == *name;
        ParameterLine {
            name: name.clone(),
            default: parameters::written(default),
            typed: if chosen {
                typed.value.clone()
            } else {
                value.clone()
            },
            reason: if chosen {
                typed.reason.clone()
            } else {
                String::new()
            },
            value,
            chosen,
        }
    });
    let changes = changes.into_iter().map(|change| {
        let by = Uuid::try_parse(&change.by).unwrap_or_default();
        let who = site.people().name(by)?;
        Ok(ChangeLine {
            at: moment(change.at),
            who: who.unwrap_or_else(|| words.say("somebody")),
            change,
        })
    });
    let page = RulePage {
        title: text(words, &rule.texts.title),
        severity: words.say(&format!("severity-{}", rule.severity.name())),
        method: text(words, &rule.texts.method),
        why: text(words, &rule.texts.why),
        basis: text(words, &rule.texts.basis),
        excludes: text(words, &rule.texts.excludes),
        sql: sql_of(rule),
        parameters: parameters.collect(),
        changes: changes.collect::<Result<_, Problem>>()?,
        may_change: site.authority().may(
            viewer,
            Action::ChangeParameters,
            &Resource::desk(site.jurisdiction()),
        ),
        told: typed.told,
        preview: typed.preview,
        shell: Shell::of(site, viewer, frame, words, words.say_of("rule-of", id)),
        id: rule.id.clone(),
    };
    Ok(html(&page))
}
