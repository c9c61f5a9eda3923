//! From one file's header to a rule or a shared table, checked key by key.

use std::collections::BTreeMap;

use super::header::{Entry, Header, REMARK};
use super::load::SharedTable;
use super::rule::{Audience, Body, Need, Reach, Rule, RuleTexts, Severity};
use super::{PackError, Param};
use crate::{Text, says};

/// Every key a rule's header may have.
const RULE_KEYS: &[&str] = &[
    "id",
    "title.zh",
    "title.en",
    "audience",
    "severity",
    "subject",
    "also",
    "applies",
    "needs",
    "items",
    "key",
    "reach",
    "params",
    "basis",
    "basis.zh",
    "basis.en",
    "method.zh",
    "method.en",
    "why.zh",
    "why.en",
    "excludes.zh",
    "excludes.en",
    "says.zh",
    "says.en",
    "today",
    "personal",
    "over",
    "flag_when",
    "figures",
];
const SHARED_KEYS: &[&str] = &["id", "what.zh", "what.en", "by"];

/// Reads one header's values and remembers everything that is wrong with them.
struct Reader<'a> {
    file: &'a str,
    header: &'a Header,
    errors: Vec<PackError>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, header: &'a Header, keys: &[&str]) -> Self {
        let mut reader = Self {
            file,
            header,
            errors: Vec::new(),
        };
        for entry in &header.entries {
            if !keys.contains(&entry.key.as_str()) {
                reader.fail(
                    entry.line,
                    format!(
                        "未知的键“{}”;{};可用的键:{}",
                        entry.key,
                        REMARK.0,
                        keys.join("、")
                    ),
                    format!(
                        "unknown key `{}`; {}; the keys are {}",
                        entry.key,
                        REMARK.1,
                        keys.join(", ")
                    ),
                );
            }
        }
        reader
    }

    fn fail(&mut self, line: usize, zh: impl Into<String>, en: impl Into<String>) {
        self.errors.push(PackError::new(self.file, line, zh, en));
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.header.get(key).filter(|entry| !entry.value.is_empty())
    }

    fn value(&self, key: &str) -> Option<String> {
        self.entry(key).map(|entry| entry.value.clone())
    }

    fn required(&mut self, key: &str) -> String {
        self.value(key).unwrap_or_else(|| {
            let line = self.header.get(key).map_or(1, |entry| entry.line);
            self.fail(line, format!("缺少“{key}”"), format!("`{key}` is missing"));
            String::new()
        })
    }

    fn list(&self, key: &str) -> Vec<String> {
        self.value(key)
            .map(|value| {
                value
                    .split(',')
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Both languages, or an error naming the one that is missing.
    fn required_text(&mut self, key: &str) -> Text {
        let zh = self.required(&format!("{key}.zh"));
        let en = self.required(&format!("{key}.en"));
        Text { zh, en }
    }

    fn optional_text(&mut self, key: &str) -> Text {
        let one_for_both = self.value(key);
        let zh = self.value(&format!("{key}.zh"));
        let en = self.value(&format!("{key}.en"));
        match (zh, en, one_for_both) {
            (None, None, None) => Text::default(),
            (None, None, Some(both)) if both == "practice" => Text::new("实务", "practice"),
            (None, None, Some(both)) => Text::same(both),
            (Some(zh), Some(en), _) => Text { zh, en },
            _ => self.required_text(key),
        }
    }

    fn word<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: &str,
        default: T,
    ) -> T {
        let value = self.required(key);
        if value.is_empty() {
            return default;
        }
        parse(&value).unwrap_or_else(|| {
            let line = self.header.get(key).map_or(0, |entry| entry.line);
            self.fail(
                line,
                format!("“{value}”不可用于 {key};应为 {words} 之一"),
                format!("`{value}` is no {key}; it is one of {words}"),
            );
            default
        })
    }
}

pub(super) fn read_shared(
    file: &str,
    stem: &str,
    text: &str,
) -> Result<SharedTable, Vec<PackError>> {
    let header = Header::parse(file, text).map_err(|error| vec![error])?;
    let mut reader = Reader::new(file, &header, SHARED_KEYS);
    let id = reader.required("id");
    check_id(&mut reader, &id, stem);
    let what = reader.required_text("what");
    if header.body.is_empty() {
        reader.fail(header.body_line, "缺少 SQL", "there is no SQL");
    }
    if reader.errors.is_empty() {
        Ok(SharedTable {
            id,
            what,
            by: header.get("by").map(|entry| entry.value.clone()),
            sql: header.body.clone(),
            file: file.to_owned(),
            line: header.body_line,
        })
    } else {
        Err(reader.errors)
    }
}

fn check_id(reader: &mut Reader<'_>, id: &str, stem: &str) {
    if !id.is_empty() && id != stem {
        let line = reader.header.get("id").map_or(0, |entry| entry.line);
        reader.fail(
            line,
            format!("编号 {id} 与文件名 {stem}.sql 不一致"),
            format!("the id {id} differs from the file's name {stem}.sql"),
        );
    }
}

pub(super) fn read_rule(file: &str, stem: &str, text: &str) -> Result<Rule, Vec<PackError>> {
    let header = Header::parse(file, text).map_err(|error| vec![error])?;
    let mut reader = Reader::new(file, &header, RULE_KEYS);
    let id = reader.required("id");
    check_id(&mut reader, &id, stem);
    let audience = reader.word(
        "audience",
        |word| match word {
            "filer" => Some(Audience::Filer),
            "officer" => Some(Audience::Officer),
            "both" => Some(Audience::Both),
            _ => None,
        },
        "filer, officer, both",
        Audience::Officer,
    );
    let severity = reader.word(
        "severity",
        Severity::parse,
        "low, medium, high",
        Severity::Low,
    );
    let reach = reader.word(
        "reach",
        Reach::parse,
        "record, village, owner, county",
        Reach::County,
    );
    reader.required("subject");
    let needs = read_needs(&mut reader);
    let params = read_params(&mut reader);
    let body = read_body(&mut reader);
    let texts = RuleTexts {
        title: reader.required_text("title"),
        says: reader.required_text("says"),
        basis: reader.optional_text("basis"),
        method: reader.optional_text("method"),
        why: reader.optional_text("why"),
        excludes: reader.optional_text("excludes"),
    };
    if texts.basis == Text::default() {
        reader.fail(
            1,
            "缺少“basis”(依据;没有时写 practice)",
            "`basis` is missing (write practice where there is none)",
        );
    }
    for (key, says) in [("says.zh", &texts.says.zh), ("says.en", &texts.says.en)] {
        if let Err(problem) = says::placeholders(says) {
            let line = header.get(key).map_or(1, |entry| entry.line);
            reader.fail(
                line,
                format!("says:{}", problem.zh),
                format!("says: {}", problem.en),
            );
        }
    }
    let rule = Rule {
        id,
        texts,
        audience,
        severity,
        subjects: reader.list("subject"),
        also: reader.list("also"),
        applies: reader.value("applies"),
        needs,
        items: reader.list("items"),
        key: reader.list("key"),
        reach,
        params,
        today: reader.list("today"),
        personal: reader.list("personal"),
        body,
        file: file.to_owned(),
        source: text.to_owned(),
    };
    if reader.errors.is_empty() {
        Ok(rule)
    } else {
        Err(reader.errors)
    }
}

fn read_needs(reader: &mut Reader<'_>) -> Vec<Need> {
    let line = reader.header.get("needs").map_or(0, |entry| entry.line);
    let mut needs = Vec::new();
    for part in reader.list("needs") {
        if let Some((table, column)) = part.split_once('.') {
            needs.push(Need {
                table: table.trim().to_owned(),
                column: column.trim().trim_matches('"').to_owned(),
            });
        } else {
            reader.fail(
                line,
                format!("needs 应写成“表.列”,而不是“{part}”"),
                format!("`needs` reads table.column, not `{part}`"),
            );
        }
    }
    needs
}

fn read_params(reader: &mut Reader<'_>) -> BTreeMap<String, Param> {
    let Some(entry) = reader.entry("params") else {
        return BTreeMap::new();
    };
    match Param::parse_table(&entry.value) {
        Ok(params) => {
            if params.contains_key("as_of") {
                reader.fail(
                    entry.line,
                    "as_of 由运行给出,不能作参数",
                    "`as_of` is given by the run, it is no parameter",
                );
            }
            params
        }
        Err(problem) => {
            reader.fail(
                entry.line,
                format!("params 应写成“名 = 值, …”(TOML):{problem}"),
                format!("`params` reads `name = value, …` (TOML): {problem}"),
            );
            BTreeMap::new()
        }
    }
}

fn read_body(reader: &mut Reader<'_>) -> Body {
    let header = reader.header;
    let over = reader.value("over");
    if over.is_none() {
        for key in ["flag_when", "figures"] {
            if let Some(entry) = header.get(key) {
                reader.fail(
                    entry.line,
                    format!("{key} 需要 over"),
                    format!("`{key}` needs `over`"),
                );
            }
        }
        if header.body.is_empty() {
            reader.fail(
                header.body_line,
                "缺少 SQL,也没有 over 与 flag_when",
                "there is neither SQL nor `over` with `flag_when`",
            );
        }
        return Body::Query {
            sql: header.body.clone(),
            line: header.body_line,
        };
    }
    if !header.body.is_empty() {
        reader.fail(
            header.body_line,
            "逐行检查(over)之后不能再有 SQL",
            "a row check (`over`) has no SQL below its header",
        );
    }
    let flag_when = reader.required("flag_when");
    let mut figures = Vec::new();
    if let Some(entry) = reader.entry("figures") {
        for part in split_outside_brackets(&entry.value) {
            match part.split_once('=') {
                Some((name, expression))
                    if !name.trim().is_empty() && !expression.trim().is_empty() =>
                {
                    figures.push((name.trim().to_owned(), expression.trim().to_owned()));
                }
                _ => reader.fail(
                    entry.line,
                    format!("figures 应写成“名 = 表达式, …”,而不是“{part}”"),
                    format!("`figures` reads name = expression, …, not `{part}`"),
                ),
            }
        }
    }
    Body::RowCheck {
        over: over.unwrap_or_default(),
        flag_when,
        figures,
    }
}

/// Splits at commas that stand in no bracket and no quotes.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut start = 0;
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}
