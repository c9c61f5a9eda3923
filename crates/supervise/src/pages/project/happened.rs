//! What happened to a filing, from the ledger itself.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_ledger::StreamName;
use kandeng_platform::Aggregate as _;
use kandeng_platform::page::{Problem, Site, Words, moment};
use uuid::Uuid;

use super::super::projects::stage_name;
use super::super::words::pick;
use crate::filing::Filing;
use crate::project::{Project, ProjectEvent};

/// One thing that happened.
pub(super) struct Happened {
    pub at: String,
    pub what: String,
    pub who: String,
    pub position: u64,
}

/// What happened to the filing, newest first, from the ledger itself.
pub(super) fn happened(
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
    let recorded = site.platform().ledger().read_stream(&stream, 0)?;
    // Those that were said again, before their payloads are gone and after.
    let mut again: BTreeSet<u64> = BTreeSet::new();
    for event in &recorded {
        let read = Project::event_in(event)
            .map_err(|error| Problem::fault(&std::io::Error::other(error)))?;
        if let Some((_, ProjectEvent::FileErased { erase, .. })) = read {
            again.extend(erase);
        }
    }
    let mut name_of = |account: Uuid| {
        let name = names.entry(account).or_insert_with(|| {
            let name = site.people().name(account).ok().flatten();
            name.unwrap_or_else(|| words.say("somebody"))
        });
        name.clone()
    };
    for recorded in recorded {
        if again.contains(&recorded.position) {
            continue;
        }
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
            ProjectEvent::FilesKept { files, .. } => {
                words.say_of("event-files", files.len().to_string().as_str())
            }
            ProjectEvent::FileErased { reason, sha256, .. } => words.say_with(
                "event-erased",
                &[
                    ("file", sha256[..8.min(sha256.len())].to_owned()),
                    ("reason", reason),
                ],
            ),
            ProjectEvent::FilingRestated { told, .. } => {
                for told in told.iter().filter(|told| told.edition.is_some()) {
                    all.push(Happened {
                        at: moment(told.at),
                        what: words.say_of("event-changed-erased", &item_names(&told.items)),
                        who: name_of(told.by),
                        position: told.position,
                    });
                }
                continue;
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
        let who = name_of(envelope.actor);
        all.push(Happened {
            at: moment(envelope.at.as_millisecond()),
            what,
            who,
            position: recorded.position,
        });
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.position));
    Ok(all)
}
