//! What people write in cells, read into the values that rules compare. Pure functions of a cell.
//! No I/O, and no knowledge of sheets: a refusal says what was expected, its place is added elsewhere.

pub mod answer;
pub mod cell;
pub mod code;
pub mod date;
pub mod decimal;
pub mod money;
pub mod quantity;

pub use cell::Cell;

use kandeng_screening::Text;

/// A cell that could not be read, and what was expected instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which kind of refusal, so that many of one kind are counted together.
    pub kind: &'static str,
    /// What was expected.
    pub expected: Text,
}

impl Refused {
    /// A refusal of one kind.
    pub fn new(kind: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            kind,
            expected: Text::new(zh, en),
        }
    }

    /// The formula in the cell gave an error.
    pub fn formula(error: &str) -> Self {
        Self::new(
            "formula",
            format!("公式出错({error}),此格未读取"),
            format!("the formula gives {error}; the cell was not read"),
        )
    }
}

/// Full-width letters, digits and signs as their half-width forms; ideographic spaces as spaces.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
            '\u{3000}' | '\u{A0}' => ' ',
            '。' => '.',
            '−' | '–' => '-',
            '¥' => '¥',
            other => other,
        })
        .collect()
}

/// The longest way to write nothing, in bytes.
const LONGEST_NOTHING: usize = 24;

/// Whether somebody wrote that there is nothing to write, or nothing known: `无`, `—`, `/`, `不详`, `N/A`.
pub fn stands_for_nothing(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONGEST_NOTHING {
        return false;
    }
    let is_mark = |letter: char| {
        matches!(
            letter,
            '-' | '－'
                | '−'
                | '‐'
                | '–'
                | '—'
                | '―'
                | '─'
                | '_'
                | '＿'
                | '.'
                | '。'
                | '…'
                | '/'
                | '／'
                | '\\'
                | '＼'
                | '*'
                | '＊'
                | ' '
        )
    };
    match text.chars().next() {
        // Most texts begin with none of these, and are read no further.
        Some('无' | '暂' | '没' | '不' | '未' | '待' | 'n' | 'N' | 'ｎ' | 'Ｎ') => {
            matches!(
                half_width(text).to_lowercase().as_str(),
                "无" | "暂无"
                    | "没有"
                    | "无此项"
                    | "不适用"
                    | "不详"
                    | "未知"
                    | "待定"
                    | "n/a"
                    | "na"
                    | "null"
                    | "none"
                    | "nil"
            )
        }
        Some(first) if is_mark(first) => text.chars().all(is_mark),
        Some(_) => false,
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_in_many_ways_and_none_of_them_is_a_value() {
        for text in [
            "",
            "无",
            "暂无",
            "-",
            "--",
            "—",
            "——",
            "／",
            "/",
            "N/A",
            "ｎ／ａ",
            "……",
            "不详",
            " 无 ",
        ] {
            assert!(stands_for_nothing(text), "{text}");
        }
        for text in ["0", "无锡", "-1", "无名村项目", "A", "√", "×", "1/2"] {
            assert!(!stands_for_nothing(text), "{text}");
        }
    }
}
