//! The red workbook: each doubtful cell red with a note, and a sheet with one row a flag.

use std::collections::BTreeMap;
use std::path::Path;

use kandeng_screening::{Figure, Finding, Labels as Choices, Language};
use kandeng_supervise::import::{InputKind, Place, original_sheets, residents_masked};
use kandeng_supervise::marking::{
    self, CellValue, FlagRow, FlagSheet, Labels, Mark, MarkError, Output, SheetValues,
    mark_workbook, write_workbook,
};

use super::Screened;
use super::county::{County, stopped_or_wrong};
use crate::failure::Failure;
use crate::language::Words;

/// Widths of the columns of the sheet of flags, in characters.
const WIDTHS: [f64; 9] = [8.0, 8.0, 20.0, 34.0, 70.0, 14.0, 26.0, 30.0, 40.0];

/// Writes the red workbook of one of the inputs. A marked copy of an `.xlsx` keeps its own cells; where numbers of
/// people are to be hidden, the values are written anew as for every other kind of input.
pub(super) fn write_red(
    screened: &Screened,
    county: &County,
    number: usize,
    path: &Path,
    hide_numbers: bool,
    words: Words,
) -> Result<(), Failure> {
    let input = &county.inputs[number];
    let is_copy = county.import.kinds.get(number) == Some(&InputKind::Xlsx) && !hide_numbers;
    // A copy keeps the names of its sheets; in a new workbook even those name nobody.
    let tab: Tab = if is_copy { str::to_owned } else { shown_tab };
    let flags = flag_sheet(screened, Some((input, tab)), words);
    let marks = marks(screened, input, tab, words);
    let stop = crate::interrupt::flag();
    let output = Output::until(path, &stop);
    let labels = labels(words);
    if is_copy {
        return written(mark_workbook(input, &marks, &flags, &labels, output));
    }
    let sheets = original_sheets(std::slice::from_ref(input), &county.options)
        .map_err(stopped_or_wrong)?
        .into_iter()
        .map(|sheet| SheetValues {
            name: tab(&sheet.name),
            rows: Box::new(
                sheet
                    .rows
                    .into_iter()
                    .map(|row| row.iter().map(CellValue::from).collect()),
            ),
        })
        .collect();
    let note = words.say("workbook-note");
    written(write_workbook(
        sheets, &marks, &flags, &note, &labels, output,
    ))
}

/// Writes a workbook of the flags alone.
pub(super) fn write_flags(screened: &Screened, path: &Path, words: Words) -> Result<(), Failure> {
    let flags = flag_sheet(screened, None, words);
    let stop = crate::interrupt::flag();
    written(write_workbook(
        Vec::new(),
        &[],
        &flags,
        &words.say("workbook-flags-note"),
        &labels(words),
        Output::until(path, &stop),
    ))
}

fn labels(words: Words) -> Labels {
    match words.language {
        Language::Zh => Labels::zh(),
        Language::En => Labels::en(),
    }
}

fn written<T>(result: Result<T, MarkError>) -> Result<(), Failure> {
    match result {
        Ok(_) => Ok(()),
        Err(MarkError::Cancelled) => Err(Failure::Stopped),
        Err(error) => Err(Failure::Wrong(error.text())),
    }
}

/// The name of a sheet in the workbook that is written, from its name in the input.
type Tab = fn(&str) -> String;

fn shown_tab(name: &str) -> String {
    residents_masked(name).into_owned()
}

/// Whether a cell lies in an input, which may be a folder.
fn lies_in(place: &Place, input: &Path) -> bool {
    Path::new(&place.file).starts_with(input)
}

/// Notes by cell of one input. Registers beside it are not marked.
fn marks(screened: &Screened, input: &Path, tab: Tab, words: Words) -> Vec<Mark> {
    let mut cells: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for finding in screened.findings() {
        let note = note(screened, &finding, words);
        for place in screened.places(&finding) {
            if lies_in(&place, input) {
                cells.entry(place).or_default().push(note.clone());
            }
        }
    }
    cells
        .into_iter()
        .map(|(place, notes)| Mark {
            sheet: tab(&place.sheet),
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

/// All flags; or, for the workbook of one input, those with cells in it and those without cells anywhere.
fn flag_sheet(screened: &Screened, input: Option<(&Path, Tab)>, words: Words) -> FlagSheet {
    let headers = [
        "rule", "severity", "subject", "title", "says", "money", "items", "related", "basis",
    ];
    let headers = headers
        .iter()
        .map(|name| words.say(&format!("flags-{name}")))
        .collect();
    let rows = screened
        .findings()
        .filter_map(|finding| {
            let places = screened.places(&finding);
            let Some((input, tab)) = input else {
                return Some(row(screened, &finding, None, words));
            };
            let here = places.iter().find(|place| lies_in(place, input));
            let link = here.map(|place| marking::Place {
                sheet: tab(&place.sheet),
                row: place.row,
                column: place.column,
            });
            (here.is_some() || places.is_empty()).then(|| row(screened, &finding, link, words))
        })
        .collect();
    FlagSheet {
        name: words.say("flags-sheet"),
        headers,
        widths: WIDTHS.to_vec(),
        rows,
    }
}

/// One flag, leading to its first cell.
fn row(
    screened: &Screened,
    finding: &Finding,
    link: Option<marking::Place>,
    words: Words,
) -> FlagRow {
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
        link,
    }
}
