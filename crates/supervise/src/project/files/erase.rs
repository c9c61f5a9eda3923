//! A file is erased for good: one that somebody should never have sent, such as a photo of a person's identity card.
//!
//! The bytes are not here; what is here is what the ledger said of the file: its name, its hashes, what a photo tells. The
//! payloads of the events that say so go. What else they said is said again first, so that no other cell, file, hand
//! or row number is lost with them.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_ledger::{Part, Recorded, StreamName};
use kandeng_platform::{
    Aggregate as _, CommandError, Context, Decide, Decision, Platform, Refusal,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::edit::{Cells, Edit, Row};
use super::super::{Project, ProjectEvent, not_filed};
use super::kept::{KeptFile, names};

/// Why it is erased, as the ledger says.
const REASON: &str = "a file of a filing was erased for good";

/// An event whose payload goes with a file, with what it said beside cells and that file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Where it is in the ledger.
    pub position: u64,
    /// When it was, in milliseconds since 1970.
    pub at: i64,
    /// Who acted.
    pub by: Uuid,
    /// The edition, where it changed items.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub edition: Option<u32>,
    /// Items that it changed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub items: Vec<String>,
    /// Other files that it told of.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<KeptFile>,
}

/// Erase a file that no item names any more.
#[derive(Clone, Debug)]
pub struct EraseFile {
    /// What it is kept by.
    pub sha256: String,
    /// Why.
    pub reason: String,
    /// The project's events so far, each with its position and its time: see [`said_so_far`].
    pub said: Vec<(u64, i64, ProjectEvent)>,
}

/// What the events of a project say, as far as they still say it.
///
/// # Errors
/// When the ledger cannot be read.
pub fn said_so_far(
    platform: &Platform,
    id: Uuid,
) -> Result<Vec<(u64, i64, ProjectEvent)>, CommandError> {
    let stream = StreamName::new(Project::STREAM, id)?;
    let read = |event: Recorded| {
        let read = Project::event_in(&event).map_err(CommandError::Append)?;
        Ok(read.map(|(envelope, read)| (event.position, envelope.at.as_millisecond(), read)))
    };
    let events = platform.ledger().read_stream(&stream, 0)?;
    events
        .into_iter()
        .filter_map(|event| read(event).transpose())
        .collect()
}

/// Whether a column names files.
fn names_files(column: &str) -> bool {
    column == "file" || column.ends_with("_file")
}

/// The file that goes: by its hash, and by the names that cells call it.
struct Going<'f> {
    sha256: &'f str,
    names: BTreeSet<&'f str>,
}

/// What an event said where it tells of a file: beside cells, and which cells and people.
type Retold<'e> = (
    Vec<Told>,
    Option<&'e Edit>,
    Option<&'e BTreeMap<Uuid, Uuid>>,
);

impl Going<'_> {
    fn is_named(&self, column: &str, typed: &str) -> bool {
        typed == self.sha256
            || names_files(column) && names(typed).any(|name| self.names.contains(name))
    }

    fn is_in(&self, edit: &Edit) -> bool {
        edit.typed()
            .any(|(_, _, column, typed)| self.is_named(column, typed))
    }

    fn others(&self, files: &[KeptFile]) -> Vec<KeptFile> {
        let others = files.iter().filter(|file| file.sha256 != self.sha256);
        others.cloned().collect()
    }

    /// What an event said, without the file, where it tells of it.
    fn told<'e>(&self, (position, at, event): &'e (u64, i64, ProjectEvent)) -> Option<Retold<'e>> {
        let (position, at) = (*position, *at);
        match event {
            ProjectEvent::FilesKept { by, files } => {
                let others = self.others(files);
                let told = Told {
                    position,
                    at,
                    by: *by,
                    edition: None,
                    items: Vec::new(),
                    files: others,
                };
                (told.files.len() < files.len()).then_some((vec![told], None, None))
            }
            ProjectEvent::ItemsChanged {
                edition,
                by,
                items,
                edit,
                people,
                ..
            } => self.is_in(edit).then(|| {
                let told = Told {
                    position,
                    at,
                    by: *by,
                    edition: Some(*edition),
                    items: items.clone(),
                    files: Vec::new(),
                };
                (vec![told], Some(edit), Some(people))
            }),
            // Of another file that was erased: what it says again it says once more.
            ProjectEvent::FilingRestated {
                told,
                stands,
                people,
            } => {
                let again: Vec<Told> = told
                    .iter()
                    .map(|told| Told {
                        files: self.others(&told.files),
                        ..told.clone()
                    })
                    .collect();
                let tells = again != *told || self.is_in(stands);
                tells.then_some((again, Some(stands), Some(people)))
            }
            _ => None,
        }
    }
}

impl Decide<EraseFile> for Project {
    fn decide(&self, erase: EraseFile, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        if self.code.is_none() {
            return Err(not_filed());
        }
        if self.erased.contains(&erase.sha256) {
            return Ok(Decision::of([]));
        }
        let reason = erase.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::new(
                "no-reason",
                "彻底删除须写明理由",
                "erasing a file needs a reason",
            ));
        }
        let files = self.files.values();
        let names = files.filter(|file| file.sha256 == erase.sha256);
        let going = Going {
            sha256: &erase.sha256,
            names: names.map(|file| file.name.as_str()).collect(),
        };
        if going.names.is_empty() {
            return Err(Refusal::new(
                "no-such-file",
                "本项目没有这份文件",
                "the project has no such file",
            ));
        }
        let rows = self.filed.lists.values().flat_map(BTreeMap::values);
        let mut cells = std::iter::once(&self.filed.fields)
            .chain(rows)
            .flat_map(Row::iter);
        if cells.any(|(column, typed)| going.is_named(column, typed)) {
            return Err(Refusal::new(
                "file-still-named",
                "信息项中还列有这份文件,须先由填报单位移除",
                "an item still names this file: it is removed there first",
            ));
        }
        let mut told = Vec::new();
        let mut goes = Vec::new();
        let mut stands = Edit::default();
        let mut people = BTreeMap::new();
        for said in &erase.said {
            let Some((again, edit, persons)) = going.told(said) else {
                continue;
            };
            goes.push(said.0);
            told.extend(again);
            if let Some(edit) = edit {
                self.restate(edit, &mut stands);
            }
            people.extend(
                persons
                    .into_iter()
                    .flatten()
                    .map(|(one, name)| (*one, *name)),
            );
        }
        let mut events = vec![ProjectEvent::FileErased {
            by: cx.actor,
            reason,
            sha256: erase.sha256,
            erase: goes,
        }];
        let mut parts = stands.parts();
        if parts.is_empty() {
            parts.push(Edit::default());
        }
        for part in parts {
            events.push(ProjectEvent::FilingRestated {
                told: std::mem::take(&mut told),
                stands: part,
                people: std::mem::take(&mut people),
            });
        }
        Ok(Decision::of(events))
    }
}

impl Project {
    /// What stands now in the cells that an edit filled.
    fn restate(&self, edit: &Edit, stands: &mut Edit) {
        for column in edit.fields.keys() {
            let typed = self.filed.fields.get(column).cloned();
            stands.fields.insert(column.clone(), typed);
        }
        for (list, rows) in &edit.rows {
            let held = self.filed.lists.get(list);
            let restated = stands.rows.entry(list.clone()).or_default();
            for (number, cells) in rows {
                let Some(row) = held.and_then(|held| held.get(number)) else {
                    restated.insert(*number, None);
                    continue;
                };
                let columns = cells.iter().flatten().map(|(column, _)| column);
                let now: Cells = columns
                    .map(|column| (column.clone(), row.get(column).cloned()))
                    .collect();
                let known = restated.entry(*number).or_default();
                known.get_or_insert_default().extend(now);
            }
        }
    }
}

/// Erases from the ledger what events say is to be erased and was not yet: what a crash left is known from them.
///
/// # Errors
/// When the store fails; the next round does the rest.
pub async fn erase_said(platform: &Platform, cx: &Context) -> Result<(), CommandError> {
    let left: Vec<i64> = platform.query(|of| {
        of.prepare_cached("select position from project_erasures order by position")?
            .query_map([], |row| row.get(0))?
            .collect()
    })?;
    // All at once: the ledger takes them together, and the read model is made anew once and not once for each.
    let mut erasures = tokio::task::JoinSet::new();
    for position in left {
        let ledger = platform.ledger().clone();
        let occasion = kandeng_ledger::Occasion {
            at: cx.at,
            actor: cx.actor,
            jurisdiction: cx.jurisdiction.clone(),
            command: None,
        };
        erasures.spawn(async move {
            let erased = ledger.erase(occasion, position as u64, Part::Payload, REASON);
            erased.await
        });
    }
    while let Some(erased) = erasures.join_next().await {
        match erased {
            Ok(Ok(_)) => {}
            // Another node was first, or too many wait: the next round sees what is left.
            Ok(Err(error)) => tracing::warn!(%error, "what told of a file was not erased"),
            Err(error) => return Err(CommandError::Append(error.to_string())),
        }
    }
    Ok(())
}
