//! The header of a rule file: `-- key: value` lines before the SQL.
//!
//! A line of `--` and at least four spaces continues the value above it.

use super::PackError;

/// Where a remark may stand, for whoever wrote one among the keys.
pub(super) const REMARK: (&str, &str) = (
    "注释请写成 /* … */ 放在表头之下,或写在第一行 SQL 之后",
    "a remark goes below the header as /* … */, or below the first line of the SQL",
);

/// One key with its value and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: String,
    pub value: String,
    pub line: usize,
}

/// A header and the SQL below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub entries: Vec<Entry>,
    pub body: String,
    /// Line on which the body begins.
    pub body_line: usize,
}

impl Header {
    /// Splits a file; keys are checked by the reader of the entries.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, PackError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut entries: Vec<Entry> = Vec::new();
        let mut body_line = 1;
        let mut offset = 0;
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let number = index + 1;
            let line = raw.trim_end();
            if line.trim().is_empty() {
                offset += raw.len();
                body_line = number + 1;
                continue;
            }
            let Some(comment) = line.strip_prefix("--") else {
                break;
            };
            offset += raw.len();
            body_line = number + 1;
            if comment.trim().is_empty() {
                continue;
            }
            if comment.starts_with("    ") {
                continue_value(file, number, comment, &mut entries)?;
            } else {
                entries.push(parse_entry(file, number, comment, &entries)?);
            }
        }
        Ok(Self {
            entries,
            body: without_remarks_alone(text[offset..].trim()).to_owned(),
            body_line,
        })
    }

    /// The entry of that key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// The SQL; nothing where only remarks stand below the header.
fn without_remarks_alone(body: &str) -> &str {
    let mut rest = body;
    loop {
        rest = rest.trim_start();
        let after = if rest.starts_with("--") {
            rest.find('\n')
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2)
        } else {
            return if rest.is_empty() { rest } else { body };
        };
        rest = after.map_or("", |after| &rest[after..]);
    }
}

fn continue_value(
    file: &str,
    line: usize,
    comment: &str,
    entries: &mut [Entry],
) -> Result<(), PackError> {
    let Some(entry) = entries.last_mut() else {
        return Err(PackError::new(
            file,
            line,
            "续行之前没有可续的键;请以“-- 键: 值”开头",
            "nothing to continue here; begin with `-- key: value`",
        ));
    };
    if !entry.value.is_empty() {
        entry.value.push(' ');
    }
    entry.value.push_str(comment.trim());
    Ok(())
}

fn parse_entry(
    file: &str,
    line: usize,
    comment: &str,
    earlier: &[Entry],
) -> Result<Entry, PackError> {
    let Some((key, value)) = comment.split_once(':') else {
        return Err(PackError::new(
            file,
            line,
            format!("表头应写成“-- 键: 值”;{}", REMARK.0),
            format!("a header line reads `-- key: value`; {}", REMARK.1),
        ));
    };
    let key = key.trim();
    if let Some(first) = earlier.iter().find(|entry| entry.key == key) {
        return Err(PackError::new(
            file,
            line,
            format!("键 {key} 在第 {} 行已写过", first.line),
            format!("the key `{key}` stands on line {} already", first.line),
        ));
    }
    Ok(Entry {
        key: key.to_owned(),
        value: value.trim().to_owned(),
        line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_where_the_sql_begins() {
        let header = Header::parse(
            "X.sql",
            "-- id: X\n-- method.zh: 一\n--     二\n\nselect 1\n-- not: a key\n",
        )
        .unwrap();
        assert_eq!(header.get("id").unwrap().value, "X");
        assert_eq!(header.get("method.zh").unwrap().value, "一 二");
        assert_eq!(header.body, "select 1\n-- not: a key");
        assert_eq!(header.body_line, 5);
    }

    #[test]
    fn a_key_given_twice_names_both_lines() {
        let error = Header::parse("X.sql", "-- id: X\n-- id: Y\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.message.en.contains("line 1"));
    }

    #[test]
    fn a_remark_below_the_header_is_no_sql_by_itself() {
        let body = |text: &str| Header::parse("X.sql", text).unwrap().body;
        assert_eq!(body("-- id: X\n/* why: so */\n-- and more\n"), "");
        assert_eq!(body("-- id: X\n/* why: so"), "");
        assert_eq!(
            body("-- id: X\n/* why: so */\nselect 1"),
            "/* why: so */\nselect 1"
        );
    }

    #[test]
    fn whoever_wrote_a_remark_among_the_keys_is_told_where_it_goes() {
        let error = Header::parse("X.sql", "-- id: X\n-- a remark\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.message.en.contains("/* … */"), "{}", error.message.en);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "(?s).{0,400}") {
            let _ = Header::parse("X.sql", &text);
        }

        #[test]
        fn lines_that_look_like_headers_are_read_or_refused(
            lines in proptest::collection::vec("(-- |--     |)[a-z.]{0,8}:? ?.{0,20}", 0..20)
        ) {
            let _ = Header::parse("X.sql", &lines.join("\n"));
        }
    }
}
