//! One line a flag, for spreadsheets. Text that a spreadsheet would take for a formula is neutralised.

use std::io::{self, Write};

use super::Screened;

const HEADER: [&str; 13] = [
    "rule",
    "severity",
    "subject_kind",
    "subject",
    "key",
    "related",
    "items",
    "where",
    "money_fen",
    "figures",
    "fingerprint",
    "says_zh",
    "says_en",
];

pub(super) fn write(out: &mut dyn Write, screened: &Screened) -> io::Result<()> {
    // Excel takes a file without this mark for the system's own encoding.
    out.write_all("\u{feff}".as_bytes())?;
    line(out, HEADER.iter().map(|name| (*name).to_owned()))?;
    for finding in screened.findings() {
        let places: Vec<_> = screened
            .shown_places(&finding)
            .map(|place| {
                format!(
                    "{}:{}!R{}C{}",
                    place.file, place.sheet, place.row, place.column
                )
            })
            .collect();
        let figures: serde_json::Map<String, serde_json::Value> = finding
            .figures
            .iter()
            .map(|(name, figure)| {
                (
                    name.clone(),
                    serde_json::to_value(figure).unwrap_or_default(),
                )
            })
            .collect();
        line(
            out,
            [
                finding.rule,
                finding.severity.name().to_owned(),
                finding.subject_kind,
                finding.subject,
                finding.key,
                finding.related.join(" "),
                finding.items.join(" "),
                places.join(" "),
                finding
                    .money_fen
                    .map(|fen| fen.to_string())
                    .unwrap_or_default(),
                serde_json::Value::Object(figures).to_string(),
                finding.fingerprint,
                finding.says.zh,
                finding.says.en,
            ]
            .into_iter(),
        )?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        let cell = neutralised(cell);
        if cell.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

/// A leading `=`, `+`, `-`, `@`, tab or line break would start a formula; numbers may be negative.
fn neutralised(cell: String) -> String {
    let starts = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if starts && cell.parse::<f64>().is_err() {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_neutralised_and_a_number_is_not() {
        assert_eq!(neutralised("=1+1".into()), "'=1+1");
        assert_eq!(neutralised("-5".into()), "-5");
        assert_eq!(neutralised("@cmd".into()), "'@cmd");
    }
}
