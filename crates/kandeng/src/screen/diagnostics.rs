//! What was odd about an input, as lines on stderr. Sheets or columns of which the same is to be said share a line.

use kandeng_supervise::diagnostic::{Diagnostic, Severity};

use crate::language::Words;

pub(crate) fn print_diagnostics(diagnostics: &[Diagnostic], words: Words) {
    for alike in diagnostics.chunk_by(|one, other| are_alike(one, other, words)) {
        crate::complain(&line(alike, words));
    }
}

/// The same of another sheet, or of another column of the same sheet and row; no value is involved.
fn are_alike(one: &Diagnostic, other: &Diagnostic, words: Words) -> bool {
    let is_of_sheets = one.column.is_none() && other.column.is_none() && one.sheet != other.sheet;
    let is_of_columns = one.column.is_some() && other.column.is_some() && one.sheet == other.sheet;
    one.severity == other.severity
        && one.file == other.file
        && one.row == other.row
        && one.value.is_none()
        && other.value.is_none()
        && (is_of_sheets || is_of_columns)
        && without_key(words.of(&one.message)).0 == without_key(words.of(&other.message)).0
}

/// `this sheet is missing (bids); …` as the sentence without the key, and the key.
fn without_key(message: &str) -> (String, Option<&str>) {
    let key = message
        .split_once(" (")
        .and_then(|(before, rest)| Some((before, rest.split_once(')')?)));
    match key {
        Some((before, (key, after))) => (format!("{before}{after}"), Some(key)),
        None => (message.to_owned(), None),
    }
}

/// Place, what is wrong, and the value.
fn line(alike: &[Diagnostic], words: Words) -> String {
    let (Some(first), is_one) = (alike.first(), alike.len() == 1) else {
        return String::new();
    };
    let names = |name: fn(&Diagnostic) -> Option<&String>| {
        let mut all: Vec<String> = Vec::new();
        for diagnostic in alike {
            let Some(name) = name(diagnostic) else {
                continue;
            };
            all.push(match without_key(words.of(&diagnostic.message)).1 {
                Some(key) if !is_one => format!("{name} ({key})"),
                _ => name.clone(),
            });
        }
        (!all.is_empty()).then(|| all.join(&words.say("list-comma")))
    };
    let mut place = vec![first.file.clone()];
    // The sheet is one and the same where columns differ.
    match &first.column {
        Some(_) => place.extend(first.sheet.clone()),
        None => place.extend(names(|diagnostic| diagnostic.sheet.as_ref())),
    }
    if let Some(row) = first.row {
        place.push(words.say_with("place-row", &[("row", row.to_string())]));
    }
    place.extend(names(|diagnostic| diagnostic.column.as_ref()));
    let message = words.of(&first.message);
    let message = if is_one {
        message.to_owned()
    } else {
        without_key(message).0
    };
    let mut problem = format!("{}: {message}", place.join(" · "));
    if let Some(value) = &first.value {
        problem.push_str(&words.say_with("place-value", &[("value", value.clone())]));
    }
    let key = match first.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    words.say_with(key, &[("problem", problem)])
}

#[cfg(test)]
mod tests {
    use kandeng_screening::{Language, Text};

    use super::*;

    fn missing(zh: &str, key: &str) -> Diagnostic {
        let text = Text::new("缺少此表", format!("this sheet is missing ({key}); empty"));
        Diagnostic::warning("a.xlsx", text).on_sheet(zh)
    }

    #[test]
    fn what_is_said_of_several_sheets_is_said_once() {
        let all = [missing("投标", "bids"), missing("照片", "photos")];
        assert_eq!(
            line(&all, Words::new(Language::Zh)),
            "提示:a.xlsx · 投标、照片: 缺少此表"
        );
        assert_eq!(
            line(&all, Words::new(Language::En)),
            "warning: a.xlsx · 投标 (bids), 照片 (photos): this sheet is missing; empty"
        );
        for language in [Language::Zh, Language::En] {
            let words = Words::new(language);
            assert!(are_alike(&all[0], &all[1], words));
            assert!(!are_alike(&all[0], &all[1].clone().with_value("x"), words));
            assert!(!are_alike(&all[0], &all[1].clone().at_row(3), words));
        }
    }

    #[test]
    fn one_by_itself_is_said_as_it_is() {
        let one = [missing("投标", "bids")
            .at_row(2)
            .at_column("报价")
            .with_value("x")];
        assert_eq!(
            line(&one, Words::new(Language::En)),
            "warning: a.xlsx · 投标 · row 2 · 报价: this sheet is missing (bids); empty (found \"x\")"
        );
    }
}
