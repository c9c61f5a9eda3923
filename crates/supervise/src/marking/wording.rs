//! Text that goes into a workbook: cleaned, shortened to what Excel takes, escaped. Pure.

use std::fmt::Write;

/// Characters (UTF-16 units, as Excel counts) that a cell or a note can hold.
pub(super) const MAX_TEXT: usize = 32_767;
/// Flags told in one note; the others are on the sheet of flags.
const MAX_NOTES: usize = 12;
/// Characters of one flag in a note.
const MAX_NOTE: usize = 2_400;

/// The few words that the workbook writer says itself, in the language of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Who the notes are from.
    pub author: String,
    /// Ends a note that has more flags than it can tell; `{n}` is how many.
    pub more: String,
    /// Last row of a sheet of flags that is full; `{n}` is how many are missing.
    pub left_out: String,
    /// Name of the first sheet of a workbook made from values.
    pub first_sheet: String,
}

impl Labels {
    /// Chinese.
    pub fn zh() -> Self {
        Self {
            author: "看灯".to_owned(),
            more: "……另有 {n} 条, 见“疑点”表".to_owned(),
            left_out: "……另有 {n} 条, 工作表已满, 请用 CSV 或 JSON 输出".to_owned(),
            first_sheet: "说明".to_owned(),
        }
    }

    /// English.
    pub fn en() -> Self {
        Self {
            author: "Kandeng".to_owned(),
            more: "… and {n} more, see the sheet of flags".to_owned(),
            left_out: "… and {n} more; the sheet is full, use CSV or JSON output".to_owned(),
            first_sheet: "About".to_owned(),
        }
    }

    pub(super) fn more(&self, n: usize) -> String {
        self.more.replace("{n}", &n.to_string())
    }

    pub(super) fn left_out(&self, n: usize) -> String {
        self.left_out.replace("{n}", &n.to_string())
    }
}

/// Takes out what XML and Excel cannot hold: control characters, non-characters; line ends become `\n`.
pub(super) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| {
            matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        })
        .collect()
}

/// At most so many UTF-16 units, with `…` when something was cut.
pub(super) fn shorten(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut left = units.saturating_sub(1);
    let mut short = String::new();
    for c in text.chars() {
        let Some(rest) = left.checked_sub(c.len_utf16()) else {
            break;
        };
        left = rest;
        short.push(c);
    }
    short.push('…');
    short
}

/// A text that a spreadsheet would take for a formula when it is typed again or comes back through CSV.
pub(crate) fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠'])
}

/// What one cell's note says: the flags one below the other, not more than fits.
/// `room` is how many UTF-16 units an existing note leaves. Flags that `existing` tells already are not repeated.
pub(super) fn note_text(notes: &[String], existing: &str, room: usize, labels: &Labels) -> String {
    let fresh: Vec<String> = notes
        .iter()
        .map(|note| shorten(&clean(note), MAX_NOTE))
        .filter(|note| !note.trim().is_empty() && !existing.contains(note.as_str()))
        .collect();
    let mut text = fresh
        .iter()
        .take(MAX_NOTES)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n\n");
    if fresh.len() > MAX_NOTES {
        let more = labels.more(fresh.len() - MAX_NOTES);
        if !existing.contains(&more) {
            let _ = write!(text, "\n\n{}", clean(&more));
        }
    }
    shorten(&text, room.min(MAX_TEXT))
}

/// Escapes text for an element or an attribute. `_x0041_` would be read as `A`: its underscore is escaped too.
pub(super) fn escaped(text: &str) -> String {
    let mut output = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '"' => output.push_str("&quot;"),
            '_' if is_character_code(&text[at..]) => output.push_str("_x005F_"),
            _ => output.push(c),
        }
    }
    output
}

/// `_x` and four hexadecimal digits and `_` at the start.
fn is_character_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && matches!(bytes[1], b'x' | b'X')
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
        && bytes[6] == b'_'
}

/// Rows that a text needs in a box so many narrow characters wide.
pub(super) fn lines(text: &str, width: usize) -> usize {
    text.lines()
        .map(|line| {
            let wide: usize = line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
            wide.div_ceil(width).max(1)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_taken_out() {
        assert_eq!(
            clean("a\u{0}b\u{1b}c\r\nd\re\u{FFFF}\tf\u{85}"),
            "abc\nd\ne\tf"
        );
    }

    #[test]
    fn a_character_code_in_a_text_stays_text() {
        assert_eq!(
            escaped("_x0041_ _x00_ <&>\""),
            "_x005F_x0041_ _x00_ &lt;&amp;&gt;&quot;"
        );
        assert_eq!(escaped("_x项目_"), "_x项目_");
    }

    #[test]
    fn a_note_never_exceeds_what_a_cell_holds() {
        let notes: Vec<String> = (0..400)
            .map(|n| format!("{n}{}", "疑".repeat(5_000)))
            .collect();
        let text = note_text(&notes, "", MAX_TEXT, &Labels::zh());
        assert!(text.encode_utf16().count() <= MAX_TEXT);
        assert!(text.ends_with("另有 388 条, 见“疑点”表"));
        assert!(
            note_text(&notes, "", 10, &Labels::en())
                .encode_utf16()
                .count()
                <= 10
        );
    }

    #[test]
    fn a_flag_told_already_is_not_told_again() {
        let notes = ["一".to_owned(), "二".to_owned()];
        assert_eq!(
            note_text(&notes, "书记: 已核\n\n一", MAX_TEXT, &Labels::zh()),
            "二"
        );
    }

    #[test]
    fn cutting_does_not_split_a_character() {
        assert_eq!(shorten("𠮷𠮷𠮷", 5), "𠮷𠮷…");
        assert_eq!(shorten("abc", 3), "abc");
    }
}
