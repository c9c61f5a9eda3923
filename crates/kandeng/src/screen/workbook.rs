//! The red workbook: each doubtful cell red with a note, and a sheet with one row a flag.

use std::collections::BTreeMap;
use std::path::Path;

use kandeng_screening::{Figure, Finding, Labels as Choices, Language};
use kandeng_supervise::import::{InputKind, Place, original_sheets};
use kandeng_supervise::marking::{
    self, CellValue, FlagRow, FlagSheet, Labels, Mark, SheetValues, mark_workbook, write_workbook,
};

use super::{County, Screened, stopped_or_wrong};
use crate::failure::Failure;
use crate::language::Words;

/// Widths of the columns of the sheet of flags, in characters.
const WIDTHS: [f64; 9] = [8.0, 8.0, 20.0, 34.0, 70.0, 14.0, 26.0, 30.0, 40.0];

pub(super) fn write(screened: &Screened, path: &Path, words: Words) -> Result<(), Failure> {
    let labels = match words.language {
        Language::Zh => Labels::zh(),
        Language::En => Labels::en(),
    };
    let flags = flag_sheet(screened, words);
    let Some(county) = &screened.county else {
        let note = words.say("workbook-note");
        return written(write_workbook(
            Vec::new(),
            &[],
            &flags,
            &note,
            &labels,
            path,
        ));
    };
    let marks = marks(screened, county, words);
    let kind = county.import.kinds.first();
    if let ([input], Some(InputKind::Xlsx)) = (&county.inputs[..], kind) {
        return written(mark_workbook(input, &marks, &flags, &labels, path));
    }
    let sheets = if kind == Some(&InputKind::Parquet) {
        Vec::new()
    } else {
        original_sheets(&county.inputs, &county.options).map_err(stopped_or_wrong)?
    };
    let marks = if sheets.is_empty() { Vec::new() } else { marks };
    let sheets = sheets
        .into_iter()
        .map(|sheet| SheetValues {
            name: sheet.name,
            rows: Box::new(
                sheet
                    .rows
                    .into_iter()
                    .map(|row| row.iter().map(CellValue::from).collect()),
            ),
        })
        .collect();
    let note = words.say("workbook-note");
    written(write_workbook(sheets, &marks, &flags, &note, &labels, path))
}

fn written<T>(result: Result<T, marking::MarkError>) -> Result<(), Failure> {
    result
        .map(|_| ())
        .map_err(|error| Failure::Wrong(error.text()))
}

/// Notes by cell. Register sheets and files other than the input are not marked.
fn marks(screened: &Screened, county: &County, words: Words) -> Vec<Mark> {
    let names: Vec<String> = county
        .inputs
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mut cells: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for finding in screened.outcome.findings() {
        let note = note(screened, &finding, words);
        for place in screened.places(&finding) {
            let is_input = names
                .iter()
                .any(|name| place.file.starts_with(name.as_str()));
            if is_input {
                cells.entry(place).or_default().push(note.clone());
            }
        }
    }
    cells
        .into_iter()
        .map(|(place, notes)| Mark {
            sheet: place.sheet,
            row: place.row,
            column: place.column,
            notes,
        })
        .collect()
}

/// Rule, what was compared, what to check.
fn note(screened: &Screened, finding: &Finding, words: Words) -> String {
    let title = screened
        .outcome
        .rule(&finding.rule)
        .map(|rule| words.of(&rule.texts.title))
        .unwrap_or_default();
    words.say_with(
        "workbook-cell-note",
        &[
            ("rule", finding.rule.clone()),
            ("title", title.to_owned()),
            ("says", words.of(&finding.says).to_owned()),
        ],
    )
}

fn flag_sheet(screened: &Screened, words: Words) -> FlagSheet {
    let headers = [
        "rule", "severity", "subject", "title", "says", "money", "items", "related", "basis",
    ];
    let headers = headers
        .iter()
        .map(|name| words.say(&format!("flags-{name}")))
        .collect();
    let rows = screened
        .outcome
        .findings()
        .map(|finding| row(screened, &finding, words))
        .collect();
    FlagSheet {
        name: words.say("flags-sheet"),
        headers,
        widths: WIDTHS.to_vec(),
        rows,
    }
}

fn row(screened: &Screened, finding: &Finding, words: Words) -> FlagRow {
    let rule = screened.outcome.rule(&finding.rule);
    let title = rule
        .map(|rule| words.of(&rule.texts.title))
        .unwrap_or_default();
    let basis = rule
        .map(|rule| words.of(&rule.texts.basis))
        .unwrap_or_default();
    let mut items = String::new();
    let named = Figure::List(finding.items.iter().cloned().map(Figure::Text).collect());
    let none = Choices::new();
    let labels = screened
        .county
        .as_ref()
        .map(|county| kandeng_supervise::packs::labels(&county.filing));
    named.show(
        "items",
        labels.as_ref().unwrap_or(&none),
        words.language,
        &mut items,
    );
    let text = |words: &str| CellValue::Text(words.to_owned());
    let link = screened
        .places(finding)
        .into_iter()
        .next()
        .filter(|_| screened.county.as_ref().is_some_and(is_workbook));
    FlagRow {
        cells: vec![
            text(&finding.rule),
            text(&words.say(crate::rules::severity_key(finding.severity.name()))),
            text(&finding.subject),
            text(title),
            text(words.of(&finding.says)),
            finding.money_fen.map_or(CellValue::Empty, CellValue::Money),
            text(&items),
            text(&finding.related.join(" ")),
            text(basis),
        ],
        link: link.map(|place| marking::Place {
            sheet: place.sheet,
            row: place.row,
            column: place.column,
        }),
    }
}

fn is_workbook(county: &County) -> bool {
    county.inputs.len() == 1 && county.import.kinds.first() != Some(&InputKind::Parquet)
}
