//! Whoever is responsible is told: of a grave doubt at once, of the others once a day. What is told names the project's
//! code and the items in red, says that it is a doubt, and names nobody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use kandeng_platform::account::{Role, responsible};
use kandeng_platform::flag::Found;
use kandeng_platform::page::Site;
use kandeng_platform::{CommandError, Context, Effect, NewNotice, Text};
use uuid::Uuid;

use super::place_of;
use crate::filing::Filing;

/// The officers who answer for the place that a flag lies in.
fn officers(site: &Site, kind: &str, subject: &str) -> Result<Vec<Uuid>, CommandError> {
    let ids = site.platform().query(|connection| {
        let place = place_of(site, connection, kind, subject)?;
        responsible(connection, Role::Officer, &place)
    })?;
    // Cannot fail to parse: the projection wrote them.
    Ok(ids
        .iter()
        .filter_map(|id| Uuid::try_parse(id).ok())
        .collect())
}

/// How items are called, one after the other.
fn names<'k>(filing: &Filing, items: impl Iterator<Item = &'k str> + Clone) -> Text {
    let of = |name: fn(&crate::filing::Item) -> &str, between: &str| {
        let items = items.clone();
        let items = items.map(|key| filing.item(key).map_or(key, name));
        items.collect::<Vec<_>>().join(between)
    };
    Text::new(of(|item| &item.zh, "、"), of(|item| &item.en, ", "))
}

/// What is told of a finding at once, should it be new: nothing unless it is grave.
pub(super) fn at_once(
    site: &Site,
    filing: &Filing,
    found: &Found,
    channel: &str,
) -> Result<Vec<NewNotice>, CommandError> {
    if found.severity != "high" {
        return Ok(Vec::new());
    }
    // A project goes by its code; an organization may be a person's business, and is not named.
    let (zh, en) = match found.subject_kind.as_str() {
        "project" => (
            format!("项目 {}", found.subject),
            format!("Project {}", found.subject),
        ),
        _ => ("一家单位".to_owned(), "An organization".to_owned()),
    };
    let subject = Text::new(
        format!("{zh}:疑点,待核实"),
        format!("{en}: doubt, to be checked"),
    );
    let items = names(filing, found.items.iter().map(String::as_str));
    let body = Text::new(
        format!("存疑信息项:{}。疑点不是结论,请登录核实。", items.zh),
        format!(
            "Items in doubt: {}. A doubt is not a conclusion; sign in to check.",
            items.en
        ),
    );
    let cause = format!(
        "flag/{}/{}/{}/{}/{}",
        found.rule, found.subject_kind, found.subject, found.key, found.fingerprint
    );
    let officers = officers(site, &found.subject_kind, &found.subject)?;
    Ok(officers
        .into_iter()
        .map(|to| NewNotice {
            cause: cause.clone(),
            to,
            channel: channel.to_owned(),
            subject: subject.clone(),
            body: body.clone(),
        })
        .collect())
}

/// How far back a digest looks, in days.
const BACK: i64 = 31;

/// The most projects that a digest names: it is read on a phone.
const MOST_NAMED: usize = 20;

/// Why an officer is told, on a day.
fn of_day(day: Date) -> String {
    format!("digest/{day}")
}

/// A doubt that came up, or came back.
struct Fresh {
    kind: String,
    subject: String,
    items: Vec<String>,
    at: i64,
}

/// Those that are open and not grave, from one moment to another.
fn fresh(site: &Site, since: Timestamp, until: Timestamp) -> Result<Vec<Fresh>, CommandError> {
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select subject_kind, subject, items, opened_at from flags \
                 where state = 'open' and severity <> 'high' and opened_at >= ?1 and opened_at < ?2",
            )?
            .query_map([since.as_millisecond(), until.as_millisecond()], |row| {
                let items: String = row.get(2)?;
                Ok(Fresh {
                    kind: row.get(0)?,
                    subject: row.get(1)?,
                    // Cannot fail: the projection wrote a list.
                    items: serde_json::from_str(&items).unwrap_or_default(),
                    at: row.get(3)?,
                })
            })?
            .collect()
    });
    Ok(found?)
}

/// What an officer is told of them: projects by their codes with the items in red, organizations by their number.
fn told(filing: &Filing, fresh: &[&Fresh]) -> Text {
    let mut projects: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in fresh.iter().filter(|one| one.kind == "project") {
        let items = projects.entry(&one.subject).or_default();
        items.extend(one.items.iter().map(String::as_str));
    }
    let (mut zh, mut en) = (String::new(), String::new());
    for (code, items) in projects.iter().take(MOST_NAMED) {
        let items = names(filing, items.iter().copied());
        zh.push_str(&format!("项目 {code}:{}\n", items.zh));
        en.push_str(&format!("Project {code}: {}\n", items.en));
    }
    let more = projects.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        zh.push_str(&format!("另有 {more} 个项目\n"));
        en.push_str(&format!("and {more} more projects\n"));
    }
    let others = fresh.iter().filter(|one| one.kind != "project").count();
    if others > 0 {
        zh.push_str(&format!("单位:{others} 条\n"));
        en.push_str(&format!("Organizations: {others}\n"));
    }
    zh.push_str("疑点不是结论,请登录核实。");
    en.push_str("A doubt is not a conclusion; sign in to check.");
    Text::new(zh, en)
}

/// Tells every officer which doubts that are not grave came up, or came back, since they were last told, and are still
/// open: since the day before, or longer where the node stood still. `due` is the moment of the day's digest.
pub(super) async fn digest(
    site: &Site,
    filing: &Filing,
    (day, due): (Date, Timestamp),
    channel: &str,
    cx: &Context,
) -> Result<(), CommandError> {
    let back = |days: i64| due - SignedDuration::from_hours(24 * days);
    let fresh = fresh(site, back(BACK), due)?;
    let mut for_whom: BTreeMap<Uuid, Vec<&Fresh>> = BTreeMap::new();
    for one in &fresh {
        for officer in officers(site, &one.kind, &one.subject)? {
            for_whom.entry(officer).or_default().push(one);
        }
    }
    let mut of: BTreeMap<Uuid, (usize, Text)> = BTreeMap::new();
    for (officer, mut fresh) in for_whom {
        let mut since = back(BACK);
        for days in 1..BACK {
            let Ok(before) = day.checked_sub(Span::new().days(days)) else {
                break;
            };
            if site
                .platform()
                .was_told(&of_day(before), officer, channel)?
            {
                since = back(days);
                break;
            }
        }
        let since = since.as_millisecond();
        fresh.retain(|one| one.at >= since);
        if !fresh.is_empty() {
            of.insert(officer, (fresh.len(), told(filing, &fresh)));
        }
    }
    if of.is_empty() {
        return Ok(());
    }
    site.platform()
        .append(cx, |plan| {
            of.iter().try_for_each(|(officer, (count, body))| {
                plan.effect(Effect::Notify(NewNotice {
                    cause: of_day(day),
                    to: *officer,
                    channel: channel.to_owned(),
                    subject: Text::new(
                        format!("{count} 条新疑点,待核实"),
                        format!("{count} new doubts, to be checked"),
                    ),
                    body: body.clone(),
                }))
            })
        })
        .await?;
    Ok(())
}
