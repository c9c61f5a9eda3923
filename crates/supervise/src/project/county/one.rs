//! One filing alone, as it stands or stood.

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_ledger::StreamName;
use kandeng_platform::{Aggregate, CommandError, Platform, fold};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, Tables};
use uuid::Uuid;

use super::columns::Columns;
use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::import::columns::Value;
use crate::project::Project;
use crate::project::edit::{Filed, Row};

/// A filing at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its code.
    pub code: String,
    /// The stage, where it was named.
    pub stage: Option<String>,
    /// What is typed.
    pub filed: Filed,
}

/// A filing as it stood before the ledger's `position`, from the ledger itself; nothing when it was not there, or
/// was withdrawn.
///
/// # Errors
/// When the ledger cannot be read.
pub fn standing_at(
    platform: &Platform,
    id: Uuid,
    position: u64,
) -> Result<Option<Standing>, CommandError> {
    let stream = StreamName::new(Project::STREAM, id)?;
    let mut events = platform.ledger().read_stream(&stream, 0)?;
    events.retain(|event| event.position < position);
    let project = fold::<Project>(events)?.state;
    let code = project.code.filter(|_| !project.withdrawn);
    Ok(code.map(|code| Standing {
        code,
        stage: project.stage,
        filed: project.filed,
    }))
}

/// One filing alone, as the tables that rules read: what [`kandeng_screening::ReachMap::change`] compares.
///
/// # Errors
/// Never for columns of declared types, which are all that there are.
pub fn filing_tables(
    filing: &Arc<Filing>,
    key: &IdentityKey,
    datum: Option<kandeng_geo::Datum>,
    standing: &Standing,
) -> Result<Tables, ArrowError> {
    let reader = Reader::of(Arc::clone(filing), key.clone(), datum);
    let mut tables: Vec<Columns> = filing.sheets.iter().map(Columns::of).collect();
    let read = |sheet: usize, row: &Row, of: Option<(usize, &str)>| {
        let typed = row.iter().map(|(key, text)| (key.as_str(), text.as_str()));
        reader.row(sheet, typed, of, &mut Vec::new())
    };
    let mut own = read(0, &standing.filed.fields, None);
    let mut reached = reader.stage_shown(0, &own);
    let none = BTreeMap::new();
    for (index, sheet) in filing.sheets.iter().enumerate().skip(1) {
        let rows = standing.filed.lists.get(&sheet.table).unwrap_or(&none);
        for (number, row) in rows {
            let values = read(index, row, Some((0, &standing.code)));
            reached = reached.max(reader.stage_shown(index, &values));
            tables[index].keep(&values, 0, *number);
        }
    }
    let shown = filing.stages.get(reached).map(|stage| stage.key.clone());
    for (column, text) in [
        ("project_code", Some(standing.code.clone())),
        ("stage", standing.stage.clone().or(shown)),
    ] {
        if let (Some(place), Some(text)) = (filing.sheets[0].position(column), text) {
            own[place] = Value::Text(text);
        }
    }
    tables[0].keep(&own, 0, 0);
    let mut all = Tables::new();
    for (sheet, columns) in filing.sheets.iter().zip(tables) {
        let batch = columns.finish(sheet)?.numbered()?;
        all.insert(
            &*sheet.table,
            Arc::new(Batches::new(batch.schema(), vec![batch])),
        );
    }
    Ok(all)
}
