//! One doubt: what was compared, with what, by which rule, how often that rule was right, and what can be done.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::case::open_case_of;
use kandeng_platform::flag::{Dismissal, Tally};
use kandeng_platform::page::{
    Asked, Form, Frame, Problem, Shell, Site, Words, html, moment, money,
};
use kandeng_screening::pack::{Audience, Body};
use serde_json::Value;
use uuid::Uuid;

use super::super::alike::{Alike, Doubt, compares_photos, of_doubt, radius};
use super::super::projects::Option_;
use super::super::reading::{self, Thing, Why};
use super::super::telling::{Telling, readable};
use super::super::words::{pick, text, words};
use super::compared::{Side, sides};
use super::found::{FlagRow, flag_of};
use crate::officer::parameters;
use crate::project::{all_of_code, id_of_code, resource};
use crate::scene::Supervise;

/// A figure: its name and value.
pub(crate) struct Figure {
    pub name: String,
    pub value: String,
}

/// What the rule says of itself.
struct RuleView {
    title: String,
    method: String,
    why: String,
    basis: String,
    excludes: String,
    sql: Option<String>,
    /// Names and values of its parameters, for whoever sees its SQL.
    parameters: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "flag.html")]
struct FlagPage {
    shell: Shell,
    told: Option<String>,
    id: String,
    rule: String,
    severity: String,
    severity_name: String,
    says: String,
    state: String,
    state_name: String,
    raised: String,
    items: Vec<String>,
    money: Option<String>,
    figures: Vec<Figure>,
    /// What the rule matched is told in the case alone.
    confided: bool,
    about: Option<RuleView>,
    right: String,
    project: Option<(String, String)>,
    related: Vec<(String, String)>,
    sides: Vec<Side>,
    alike: Vec<Alike>,
    case: Option<String>,
    not_applicable: Option<String>,
    rule_changed: bool,
    drawn: bool,
    proposed: Option<String>,
    reasons: Vec<Option_>,
    typed: String,
    question: String,
    preview: bool,
    may_dismiss: bool,
    may_decline: bool,
    may_confirm: bool,
    may_review: bool,
    may_ask: bool,
    may_open: bool,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    show(&site, &asked, &scene, frame, &Typed::default()).await
}

/// Notes why somebody reads it who does not decide on doubts of the place.
pub(super) async fn read(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(why): Form<Why>,
) -> Result<Response, Problem> {
    reading::read(&site, &asked, frame, thing(&asked), &why).await
}

/// What was typed and refused, and why.
#[derive(Default)]
pub(super) struct Typed {
    pub told: Option<String>,
    pub reason: String,
    pub note: String,
    pub question: String,
    /// The question is shown as whoever is asked would read it.
    pub preview: bool,
}

/// How dismissals are called.
pub(super) fn reasons(words: Words, chosen: &str) -> Vec<Option_> {
    [
        Dismissal::Unfounded,
        Dismissal::Explained,
        Dismissal::FilingCorrected,
        Dismissal::Duplicate,
    ]
    .into_iter()
    .map(|reason| Option_ {
        key: reason.name().to_owned(),
        name: words.say(&format!("dismissal-{}", reason.name())),
        chosen: reason.name() == chosen,
    })
    .collect()
}

/// The page, once the trace of reading it is there.
pub(super) async fn show(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    typed: &Typed,
) -> Result<Response, Problem> {
    if traced(site, asked, None).await? {
        return page(site, asked, scene, frame, typed);
    }
    Ok(reading::ask(site, asked, frame, thing(asked), None))
}

fn thing(asked: &Asked) -> Thing {
    Thing::flag(asked.params.id("id").unwrap_or_else(Uuid::nil))
}

/// Leaves the trace of whoever decides on doubts of the place, and of whoever says why they read it. Whether it may be
/// shown: see [`reading::traced`].
pub(crate) async fn traced(
    site: &Site,
    asked: &Asked,
    reason: Option<&str>,
) -> Result<bool, Problem> {
    let works_here = site
        .authority()
        .may(&asked.viewer, Action::AskAboutFlag, &asked.resource);
    reading::traced(site, asked, thing(asked), works_here, reason).await
}

fn page(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    typed: &Typed,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let (flag, resource) = flag_of(site, id)?.ok_or_else(Problem::not_found)?;
    let filing = scene.newest(site)?.filing;
    let pack = scene.pack(site)?;
    let rule = pack.rules.iter().find(|rule| rule.id == flag.rule);
    let by_filers = rule.is_some_and(|rule| rule.audience != Audience::Officer);
    let (tally, drawn) = tallies(site, &flag.rule)?;
    let sees_sql = site.widest(viewer, Action::ViewRules).is_some();
    // One that was withdrawn is still to be looked at, and nobody is asked about it.
    let (filed, project) = if flag.subject_kind == "project" {
        site.platform().query(|connection| {
            let filed = id_of_code(connection, &flag.subject)?;
            let all = all_of_code(connection, &flag.subject)?;
            Ok((filed, filed.or(all.last().copied())))
        })?
    } else {
        (None, None)
    };
    let related = related(site, viewer, &flag)?;
    let sides = match rule {
        Some(rule) => sides(site, words, &filing, (&pack, rule), &flag, &related)?,
        None => Vec::new(),
    };
    let alike = match rule {
        Some(rule)
            if flag.subject_kind == "project"
                && flag.state != "dismissed"
                && compares_photos(&filing, &pack, rule) =>
        {
            let doubt = Doubt {
                subject: &flag.subject,
                is_of_one: flag.related.is_empty(),
                related: related.iter().map(|(_, code)| code.clone()).collect(),
                figures: &flag.figures,
            };
            let radius = radius(site, &pack, rule)?;
            of_doubt(site, words, &filing, &doubt, radius)?
        }
        _ => Vec::new(),
    };
    let set = match rule {
        Some(_) if sees_sql => site
            .platform()
            .query(|connection| parameters::of(connection, &pack))?,
        _ => BTreeMap::new(),
    };
    let case = newest_case(site, &flag)?;
    let telling = Telling::new(site, scene, words)?;
    let confided = telling.is_confided(&flag.rule);
    let is_open = flag.state == "open";
    let name = flag.name()?;
    let is_in_case = site
        .platform()
        .query(|of| open_case_of(of, &name))?
        .is_some();
    let may = |action| site.authority().may(viewer, action, &resource);
    let case_resource = Resource {
        facts: kandeng_platform::authority::Facts::Case {
            hands: site
                .platform()
                .query(|of| super::hands_of(of, &flag.subject_kind, &flag.subject))?,
            lead: viewer.account,
            assignee: viewer.account,
        },
        ..resource.clone()
    };
    let proposed = match &flag.proposed {
        Some((reason, by)) => {
            let name = site.people().name(*by)?;
            let name = name.unwrap_or_else(|| words.say("somebody"));
            let reason = words.say(&format!("dismissal-{reason}"));
            Some(words.say_with("proposed-by", &[("who", name), ("reason", reason)]))
        }
        None => None,
    };
    let page = FlagPage {
        told: typed.told.clone(),
        id: id.to_string(),
        severity_name: words.say(&format!("severity-{}", flag.severity)),
        says: flag.told(words, &telling),
        confided,
        state_name: match &flag.dismissal {
            Some(reason) if flag.state == "dismissed" => words.say(&format!("dismissal-{reason}")),
            _ => words.say(&format!("state-{}", flag.state)),
        },
        raised: moment(flag.raised_at),
        items: flag
            .items
            .iter()
            .map(|key| {
                let item = filing.item(key);
                item.map_or(&**key, |item| pick(words, &item.zh, &item.en))
                    .to_owned()
            })
            .collect(),
        money: flag.money_fen.map(|fen| money(words, fen)),
        figures: if confided {
            Vec::new()
        } else {
            figures(words, &flag)
        },
        about: rule.map(|rule| RuleView {
            title: text(words, &rule.texts.title),
            method: text(words, &rule.texts.method),
            why: text(words, &rule.texts.why),
            basis: text(words, &rule.texts.basis),
            excludes: text(words, &rule.texts.excludes),
            sql: match &rule.body {
                Body::Query { sql, .. } if sees_sql => Some(sql.clone()),
                _ if sees_sql => Some(rule.source.clone()),
                _ => None,
            },
            parameters: (rule.params.iter())
                .filter(|_| sees_sql)
                .map(|(name, default)| {
                    let value = set.get(&(rule.id.clone(), name.clone()));
                    (name.clone(), parameters::written(value.unwrap_or(default)))
                })
                .collect(),
        }),
        right: right(words, tally, drawn, by_filers),
        project: project.map(|project| (project.to_string(), flag.subject.clone())),
        related,
        sides,
        alike,
        case,
        not_applicable: flag
            .not_applicable
            .as_ref()
            .map(|(zh, en)| pick(words, zh, en).to_owned()),
        rule_changed: flag.rule_changed,
        drawn: flag.drawn,
        reasons: reasons(
            words,
            match &flag.proposed {
                Some((reason, _)) if typed.reason.is_empty() => reason,
                _ => &typed.reason,
            },
        ),
        typed: typed.note.clone(),
        question: typed.question.clone(),
        preview: typed.preview,
        may_dismiss: is_open && may(Action::DismissFlag),
        may_decline: is_open && proposed.is_some() && may(Action::DeclineDismissal),
        may_confirm: is_open && may(Action::ConfirmFlag),
        may_review: flag.rule_changed && may(Action::ReviewFlag),
        may_ask: is_open && filed.is_some() && may(Action::AskAboutFlag),
        may_open: is_open
            && !is_in_case
            && site
                .authority()
                .may(viewer, Action::OpenCase, &case_resource),
        proposed,
        shell: Shell::of(
            site,
            viewer,
            frame,
            words,
            words.say_of("doubt-of", &flag.subject),
        ),
        rule: flag.rule,
        severity: flag.severity,
        state: flag.state,
    };
    Ok(html(&page))
}

/// What was decided on a rule's flags: on all, and on those that were drawn.
pub(crate) fn tallies(site: &Site, rule: &str) -> Result<(Tally, Tally), Problem> {
    Ok(site.platform().query(|connection| {
        let of = |drawn| {
            let tallies = Tally::of_rules(connection, 0, drawn)?;
            Ok::<_, rusqlite::Error>(tallies.get(rule).copied().unwrap_or_default())
        };
        Ok((of(false)?, of(true)?))
    })?)
}

/// The case that was opened last about a flag.
pub(crate) fn newest_case(site: &Site, flag: &FlagRow) -> Result<Option<String>, Problem> {
    Ok(site.platform().query(|connection| {
        use rusqlite::OptionalExtension as _;
        connection
            .prepare_cached(
                "select c.id from case_flags f join cases c on c.id = f.id where f.flag = ?1 \
                 order by c.opened_at desc limit 1",
            )?
            .query_row([&flag.stream], |row| row.get::<_, String>(0))
            .optional()
    })?)
}

/// How often the rule was right.
fn right(words: Words, tally: Tally, drawn: Tally, by_filers: bool) -> String {
    let (right, of) = tally.right_of(by_filers);
    if of == 0 {
        return words.say("never-decided");
    }
    let told = words.say_with(
        "right-of",
        &[
            ("right", right.to_string()),
            ("of", of.to_string()),
            (
                "share",
                format!("{:.0}", 100.0 * f64::from(right) / f64::from(of)),
            ),
        ],
    );
    match drawn.interval(by_filers) {
        Some((low, high)) => {
            let interval = words.say_with(
                "right-interval",
                &[
                    ("low", format!("{:.0}", 100.0 * low)),
                    ("high", format!("{:.0}", 100.0 * high)),
                    ("of", drawn.right_of(by_filers).1.to_string()),
                ],
            );
            format!("{told} {interval}")
        }
        None => told,
    }
}

/// What was compared. Money is written as money.
pub(crate) fn figures(words: Words, flag: &FlagRow) -> Vec<Figure> {
    let shown = |name: &str, value: &Value| match value {
        Value::Number(number) if name.ends_with("_fen") => number
            .as_i64()
            .map_or_else(|| number.to_string(), |fen| money(words, fen)),
        Value::Number(number) if name.ends_with("_share") || name == "similarity" => {
            let share = number.as_f64().unwrap_or_default();
            format!("{:.1}%", 100.0 * share)
        }
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.as_i64().is_none() => format!("{float:.2}"),
            _ => number.to_string(),
        },
        // A moment by its minute.
        Value::String(text) if name.ends_with("_at") => {
            let at: Option<jiff::Timestamp> = text.parse().ok();
            at.map_or_else(|| text.clone(), |at| moment(at.as_millisecond()))
        }
        Value::String(text) => readable(text),
        Value::Bool(yes) => words.say(if *yes { "yes" } else { "no" }),
        Value::Array(all) => all
            .iter()
            .map(|one| one.as_str().map_or_else(|| one.to_string(), readable))
            .collect::<Vec<_>>()
            .join(pick(words, "、", ", ")),
        _ => String::new(),
    };
    flag.figures
        .iter()
        // Those that people have a word for: the others stand in the sentence.
        .filter_map(|(name, value)| {
            Some(Figure {
                name: words.known(&format!("figure-{name}"))?,
                value: shown(name, value),
            })
        })
        .filter(|figure| !figure.value.is_empty())
        .collect()
}

/// Other projects that are part of it, as far as the viewer may read them.
pub(crate) fn related(
    site: &Site,
    viewer: &Viewer,
    flag: &FlagRow,
) -> Result<Vec<(String, String)>, Problem> {
    let found = site.platform().query(|connection| {
        let mut found = Vec::new();
        for code in flag.related.iter().take(50) {
            let id = id_of_code(connection, code)?;
            let project = id.map_or(Ok(None), |id| resource(connection, id))?;
            found.extend(project.map(|project| (project, code.clone())));
        }
        Ok(found)
    })?;
    let may = |project: &Resource| site.authority().may(viewer, Action::ViewProject, project);
    let theirs = found.into_iter().filter(|(project, _)| may(project));
    Ok(theirs.map(|(project, code)| (project.id, code)).collect())
}
