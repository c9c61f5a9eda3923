//! Whoever is responsible is told: of a grave doubt at once, of the others once a day. What is told names the project's
//! code and the items in red, says that it is a doubt, and names nobody.

use std::collections::BTreeMap;

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
    let names = |of: fn(&crate::filing::Item) -> &str, between: &str| {
        let items = found.items.iter();
        let items = items.map(|key| filing.item(key).map_or(key.as_str(), of));
        items.collect::<Vec<_>>().join(between)
    };
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
    let body = Text::new(
        format!(
            "存疑信息项:{}。疑点不是结论,请登录核实。",
            names(|item| &item.zh, "、")
        ),
        format!(
            "Items in doubt: {}. A doubt is not a conclusion; sign in to check.",
            names(|item| &item.en, ", ")
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

/// Why an officer is told, on a day.
fn of_day(day: Date) -> String {
    format!("digest/{day}")
}

/// Tells every officer how many doubts that are not grave came up since they were last told, and are still open: since
/// the day before, or longer where the node stood still. `due` is the moment of the day's digest.
pub(super) async fn digest(
    site: &Site,
    (day, due): (Date, Timestamp),
    channel: &str,
    cx: &Context,
) -> Result<(), CommandError> {
    let back = |days: i64| due - SignedDuration::from_hours(24 * days);
    let fresh: Vec<(String, String, i64)> = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select subject_kind, subject, raised_at from flags where state = 'open' and severity <> 'high' \
                 and raised_at >= ?1 and raised_at < ?2",
            )?
            .query_map(
                [back(BACK).as_millisecond(), due.as_millisecond()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect()
    })?;
    let mut raised: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    for (kind, subject, at) in fresh {
        for officer in officers(site, &kind, &subject)? {
            raised.entry(officer).or_default().push(at);
        }
    }
    let mut of: BTreeMap<Uuid, usize> = BTreeMap::new();
    for (officer, raised) in raised {
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
        let count = raised.into_iter().filter(|at| *at >= since).count();
        if count > 0 {
            of.insert(officer, count);
        }
    }
    if of.is_empty() {
        return Ok(());
    }
    site.platform()
        .append(cx, |plan| {
            of.iter().try_for_each(|(officer, count)| {
                plan.effect(Effect::Notify(NewNotice {
                    cause: of_day(day),
                    to: *officer,
                    channel: channel.to_owned(),
                    subject: Text::new(
                        format!("{count} 条新疑点,待核实"),
                        format!("{count} new doubts, to be checked"),
                    ),
                    body: Text::new(
                        "疑点不是结论,请登录核实。",
                        "A doubt is not a conclusion; sign in to check.",
                    ),
                }))
            })
        })
        .await?;
    Ok(())
}
