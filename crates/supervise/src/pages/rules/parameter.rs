//! Another value for a parameter: first what it would change, on the county as it stands; then it is set, with a reason.

use std::collections::BTreeMap;

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::page::{Asked, Form, Frame, Problem, Site, Words, money, told};
use kandeng_screening::Finding;
use kandeng_screening::pack::Param;
use serde::Deserialize;

use super::super::words::words;
use super::rule::show;
use crate::officer::{Parameters, SetParameter, parameters, parameters_id};
use crate::scene::Supervise;
use crate::watch::{Decided, Looked, Preview, Registers, WatchError, blocking, preview};

/// Examples that are shown of each kind.
const EXAMPLES: usize = 10;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    name: String,
    value: String,
    reason: String,
    /// The value that the page showed as the present one.
    was: String,
    /// The value whose preview the page showed.
    seen: String,
    /// Said once the preview was seen.
    save: String,
}

/// What the page shows again.
#[derive(Default)]
pub(super) struct Typed {
    pub name: String,
    pub value: String,
    pub reason: String,
    pub told: Option<String>,
    pub preview: Option<Shown>,
}

/// What would change, as the page shows it.
pub(super) struct Shown {
    pub appear: usize,
    pub vanish: usize,
    pub stay: usize,
    /// What was decided on those that would go, and on those that would stay, where anything was.
    pub decided_on_vanish: Option<String>,
    pub decided_on_stay: Option<String>,
    /// For each township: its name, how many would appear and how many go.
    pub townships: Vec<(String, usize, usize)>,
    /// Some of those that would come and of those that would go, each under the key of its title.
    pub examples: [(&'static str, Vec<Example>); 2],
}

/// A finding that would come or go. Neither its sentence nor its figures: they may name people.
pub(super) struct Example {
    /// The project's page.
    pub href: Option<String>,
    pub name: String,
    pub code: String,
    pub money: String,
}

pub(super) async fn change(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let id = asked.params.get("rule").unwrap_or_default().to_owned();
    let pack = scene.pack(&site)?;
    let rule = pack.rules.iter().find(|rule| rule.id == id);
    let default = rule.and_then(|rule| rule.params.get(&sent.name));
    let default = default.ok_or_else(Problem::not_found)?.clone();
    let again = |value: String, told: Option<String>, preview: Option<Shown>, frame: Frame| {
        let typed = Typed {
            name: sent.name.clone(),
            value,
            reason: sent.reason.clone(),
            told,
            preview,
        };
        show(&site, &asked, &scene, frame, typed)
    };
    let value = match parameters::read(&default, &sent.value) {
        Ok(value) => value,
        Err(refusal) => {
            let told = words.of(&refusal.text).to_owned();
            return again(sent.value.clone(), Some(told), None, frame);
        }
    };
    let typed = parameters::written(&value);
    // Also before it is saved: a value that the rule cannot run with must not get that far.
    let found = tried(&site, &scene, &asked, &id, &sent.name, &value).await?;
    let Some(found) = found else {
        return again(typed, Some(words.say("rule-cannot-run")), None, frame);
    };
    let shown = shown(&site, words, found)?;
    if sent.save.is_empty() || sent.seen != typed {
        return again(typed, None, Some(shown), frame);
    }
    let command = SetParameter {
        rule: id.clone(),
        name: sent.name.clone(),
        default,
        seen: sent.was.clone(),
        to: value,
        reason: sent.reason.clone(),
    };
    let cx = site.context(&asked.viewer, site.jurisdiction());
    let done = site.platform();
    let done = done.carry_out::<Parameters, _>(parameters_id(), command, &cx);
    match done.await {
        Ok(_) => {
            let to = format!("/supervise/rules/{id}");
            Ok(told(Redirect::to(&to).into_response(), "parameter-set"))
        }
        Err(CommandError::Refused(refusal)) => {
            let told = words.of(&refusal.text).to_owned();
            again(typed, Some(told), Some(shown), frame)
        }
        Err(error) => Err(error.into()),
    }
}

/// What another value would change, on the county as it stands; nothing where the rule cannot run with it.
pub(crate) async fn tried(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    rule: &str,
    name: &str,
    value: &Param,
) -> Result<Option<Preview>, Problem> {
    let pack = scene.pack(site)?;
    let filing = scene.newest(site)?.filing;
    let before = site.platform().query(|of| parameters::of(of, &pack))?;
    let mut after = before.clone();
    after.insert((rule.to_owned(), name.to_owned()), value.clone());
    let (platform, key) = (site.platform().clone(), scene.key().clone());
    let (datum, as_of) = (scene.datum(), site.today());
    let cx = site.context(&asked.viewer, site.jurisdiction());
    let registers = Registers::of_rule(site, scene, &filing, &pack, rule, &cx).await;
    let registers = registers.map_err(|error| Problem::fault(&error))?;
    let rule = rule.to_owned();
    let looked = blocking(move |cancel| {
        let looked = Looked {
            platform: &platform,
            filing: &filing,
            key: &key,
            datum,
            pack: &pack,
            registers: &registers,
            as_of,
        };
        preview(&looked, &rule, &before, &after, cancel)
    });
    match looked.await {
        Ok(found) => Ok(found),
        Err(WatchError::Command(error)) => Err(error.into()),
        Err(error) => Err(Problem::fault(&error)),
    }
}

/// Where a project lies: its page, name and township.
type Known = BTreeMap<String, (String, Option<String>, Option<String>)>;

fn shown(site: &Site, words: Words, found: Preview) -> Result<Shown, Problem> {
    let mut known = Known::new();
    site.platform().query(|connection| {
        let mut select = connection.prepare_cached(
            "select id, name, township from projects where code = ?1 and withdrawn = 0",
        )?;
        for finding in found.appear.iter().chain(&found.vanish) {
            let mut rows = select.query([&finding.subject])?;
            if let Some(row) = rows.next()? {
                let place = (row.get(0)?, row.get(1)?, row.get(2)?);
                known.insert(finding.subject.clone(), place);
            }
        }
        Ok(())
    })?;
    let of_project = |finding: &Finding| {
        let is_project = finding.subject_kind == "project";
        known.get(&finding.subject).filter(|_| is_project)
    };
    let mut townships: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (findings, comes) in [(&found.appear, true), (&found.vanish, false)] {
        for finding in findings {
            let township = of_project(finding).and_then(|(_, _, township)| township.clone());
            let counts = townships.entry(township.unwrap_or_default()).or_default();
            if comes {
                counts.0 += 1;
            } else {
                counts.1 += 1;
            }
        }
    }
    let examples = |findings: &[Finding]| {
        // The dearest first: those that somebody would ask about.
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.money_fen));
        let examples = findings.into_iter().take(EXAMPLES).map(|finding| {
            let project = of_project(finding);
            Example {
                href: project.map(|(id, ..)| format!("/supervise/projects/{id}")),
                name: match project {
                    Some((_, name, _)) => name.clone().unwrap_or_else(|| words.say("unnamed")),
                    None => words.say(&format!("subject-{}", finding.subject_kind)),
                },
                code: project.map_or_else(String::new, |_| finding.subject.clone()),
                money: finding
                    .money_fen
                    .map_or_else(String::new, |fen| money(words, fen)),
            }
        });
        examples.collect()
    };
    let decided = |decided: Decided| {
        decided.is_any().then(|| {
            let figures = [
                ("confirmed", decided.confirmed.to_string()),
                ("dismissed", decided.dismissed.to_string()),
            ];
            words.say_with("of-these-decided", &figures)
        })
    };
    Ok(Shown {
        decided_on_vanish: decided(found.decided_on_vanish),
        decided_on_stay: decided(found.decided_on_stay),
        appear: found.appear.len(),
        vanish: found.vanish.len(),
        stay: found.stay,
        townships: townships
            .into_iter()
            .map(|(code, (comes, goes))| {
                let name = if code.is_empty() {
                    words.say("elsewhere")
                } else {
                    site.divisions().name(&code).to_owned()
                };
                (name, comes, goes)
            })
            .collect(),
        examples: [
            ("would-appear", examples(&found.appear)),
            ("would-vanish", examples(&found.vanish)),
        ],
    })
}
