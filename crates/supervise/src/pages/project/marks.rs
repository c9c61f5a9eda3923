//! What the rules for filers say about a filing as it stands, by field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kandeng_platform::page::{Problem, Site, Words};
use uuid::Uuid;

use super::super::words::text;
use super::items::Mark;
use crate::draft::{CheckedDraft, FieldPlace};
use crate::project::{FiledDraft, OtherFilings, draft};
use crate::scene::Supervise;

/// What is said about a filing.
#[derive(Default)]
pub(crate) struct Marks {
    /// By table, row (0 for the project's own) and column; an empty column means the row or list as a whole.
    fields: BTreeMap<(String, u32, String), Vec<Mark>>,
    /// Items that a rule marks, each with its sentences.
    pub items: BTreeMap<String, Vec<String>>,
}

impl Marks {
    /// What is said about a field.
    pub fn of(&self, table: &str, row: u32, column: &str) -> Vec<Mark> {
        let key = (table.to_owned(), row, column.to_owned());
        self.fields.get(&key).cloned().unwrap_or_default()
    }

    /// Every field that something is said about: table, row, column.
    pub fn fields(&self) -> impl Iterator<Item = (&str, u32, &str, &[Mark])> {
        self.fields
            .iter()
            .map(|((table, row, column), marks)| (&**table, *row, &**column, &**marks))
    }

    fn put(&mut self, place: &FieldPlace, rows: &BTreeMap<String, Vec<u32>>, mark: Mark) {
        let number = place.row.map_or(Some(0), |row| {
            rows.get(&place.table)
                .and_then(|rows| rows.get(row))
                .copied()
        });
        let Some(number) = number else {
            return;
        };
        let column = place.column.clone().unwrap_or_default();
        let marks = self
            .fields
            .entry((place.table.clone(), number, column))
            .or_default();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
}

/// Checks a filing as it stands, on a thread that may wait.
pub(crate) async fn marks(
    site: &Site,
    scene: &Supervise,
    id: Uuid,
    words: Words,
) -> Result<Marks, Problem> {
    let (site, scene) = (site.clone(), scene.clone());
    let checked = tokio::task::spawn_blocking(move || check(&site, &scene, id)).await;
    let checked = checked.map_err(|error| Problem::fault(&error))??;
    let Some((filed, checked)) = checked else {
        return Ok(Marks::default());
    };
    let mut marks = Marks::default();
    for note in &checked.notes {
        let mark = Mark {
            kind: "note",
            text: text(words, &note.message),
        };
        marks.put(&note.place, &filed.rows, mark);
    }
    for doubt in &checked.doubts {
        let says = text(words, &doubt.finding.says);
        for item in &doubt.finding.items {
            let said = marks.items.entry(item.clone()).or_default();
            if !said.contains(&says) {
                said.push(says.clone());
            }
        }
        // Under the first field of each item and row; the others are only red.
        let mut told = BTreeSet::new();
        for place in &doubt.places {
            let is_first = told.insert((place.item.clone(), place.table.clone(), place.row));
            let mark = Mark {
                kind: "doubt",
                text: if is_first {
                    says.clone()
                } else {
                    String::new()
                },
            };
            marks.put(place, &filed.rows, mark);
        }
    }
    Ok(marks)
}

fn check(
    site: &Site,
    scene: &Supervise,
    id: Uuid,
) -> Result<Option<(FiledDraft, CheckedDraft)>, Problem> {
    let desk = scene.desk(site)?;
    let filed = site.platform().query(|connection| draft(connection, id))?;
    let Some(filed) = filed else {
        return Ok(None);
    };
    let others = OtherFilings::but(site.platform(), Some(id));
    let checked = Arc::clone(&desk)
        .check(&filed.draft, site.today(), Some(&others))
        .map_err(|error| Problem::fault(&error))?;
    Ok(Some((filed, checked)))
}
