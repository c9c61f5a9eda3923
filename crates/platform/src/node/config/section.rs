//! A section of `kandeng.toml` as it is read: keys are taken one by one, and what is wrong is said with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::text::header_of;
use super::{NodeError, Secret};

/// A table of the file whose keys are taken one by one: what is left over at the end is unknown.
pub(super) struct Section<'a> {
    text: &'a str,
    path: &'a Path,
    /// What the environment says instead, by the name of the variable.
    instead: &'a BTreeMap<String, String>,
    name: String,
    pub(super) table: toml::Table,
    known: Vec<String>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        text: &'a str,
        path: &'a Path,
        instead: &'a BTreeMap<String, String>,
        name: &str,
        table: toml::Table,
    ) -> Self {
        Self {
            text,
            path,
            instead,
            name: name.to_owned(),
            table,
            known: Vec::new(),
        }
    }

    fn take(&mut self, key: &str) -> Option<toml::Value> {
        self.known.push(key.to_owned());
        self.table.remove(key)
    }

    /// The variable of the environment that says a key instead: `KANDENG_SERVER_ADDRESS`.
    fn variable(&self, key: &str) -> String {
        let section = match self.name.as_str() {
            "" => String::new(),
            name => format!("{}_", name.to_uppercase()),
        };
        format!("KANDENG_{section}{}", key.to_uppercase())
    }

    /// What the environment says instead of the file.
    fn instead(&self, key: &str) -> Option<&'a String> {
        self.instead.get(&self.variable(key))
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, NodeError> {
        let taken = self.take(key);
        if let Some(text) = self.instead(key) {
            return Ok(Some(text.clone()).filter(|text| !text.trim().is_empty()));
        }
        match taken {
            None => Ok(None),
            Some(toml::Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应为引号中的文字"),
                &format!("{key} is a text in quotation marks"),
            )),
        }
    }

    pub(super) fn needed(&mut self, key: &str) -> Result<String, NodeError> {
        self.text(key)?
            .ok_or_else(|| self.wrong(key, &format!("缺少 {key}"), &format!("{key} is missing")))
    }

    /// A secret in a file or in a variable of the environment, named by one of two keys.
    pub(super) fn secret(
        &mut self,
        file: &str,
        variable: &str,
    ) -> Result<Option<Secret>, NodeError> {
        match (self.text(file)?, self.text(variable)?) {
            (None, None) => Ok(None),
            (Some(path), None) => Ok(Some(Secret::File(PathBuf::from(path)))),
            (None, Some(name)) => Ok(Some(Secret::Variable(name))),
            (Some(_), Some(_)) => Err(self.wrong(
                file,
                &format!("{file} 与 {variable} 只能给出一个"),
                &format!("only one of {file} and {variable} is given"),
            )),
        }
    }

    /// Whether something is so; it is not where nothing is said.
    pub(super) fn yes(&mut self, key: &str) -> Result<bool, NodeError> {
        let taken = self.take(key);
        let said = match self.instead(key) {
            Some(text) => text.trim().parse().ok(),
            None => match taken {
                None => return Ok(false),
                Some(toml::Value::Boolean(said)) => Some(said),
                Some(_) => None,
            },
        };
        said.ok_or_else(|| {
            self.wrong(
                key,
                &format!("{key} 应为 true 或 false"),
                &format!("{key} is true or false"),
            )
        })
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<i64>, NodeError> {
        let taken = self.take(key);
        let taken = match self.instead(key) {
            Some(text) => Some(match text.trim().parse() {
                Ok(number) => toml::Value::Integer(number),
                Err(_) => toml::Value::String(text.clone()),
            }),
            None => taken,
        };
        match taken {
            None => Ok(None),
            Some(toml::Value::Integer(number)) => Ok(Some(number)),
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应为整数"),
                &format!("{key} is a whole number"),
            )),
        }
    }

    pub(super) fn section(&mut self, key: &str) -> Result<Option<Self>, NodeError> {
        let within = format!("{}_", self.variable(key));
        let said = |name: &String| name.starts_with(&within);
        match self.take(key) {
            // Everything in it may be said by the environment.
            None if self.instead.keys().any(said) => Ok(Some(Self::new(
                self.text,
                self.path,
                self.instead,
                key,
                toml::Table::new(),
            ))),
            None => Ok(None),
            Some(toml::Value::Table(table)) => Ok(Some(Self::new(
                self.text,
                self.path,
                self.instead,
                key,
                table,
            ))),
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应写成一节:[{key}]"),
                &format!("{key} is a section: [{key}]"),
            )),
        }
    }

    /// Nothing may be left over, in the file or in the environment.
    pub(super) fn end(self) -> Result<(), NodeError> {
        let Some(key) = self.table.keys().next() else {
            return self.end_of_environment();
        };
        let known = self.known.join(", ");
        let within = if self.name.is_empty() {
            String::new()
        } else {
            format!("[{}] ", self.name)
        };
        Err(self.wrong(
            key,
            &format!("{within}没有 {key} 这一项;可用:{known}"),
            &format!("{within}has no key {key}; there are {known}"),
        ))
    }

    /// No variable of the section may say what there is no key for: it would be passed over in silence.
    fn end_of_environment(&self) -> Result<(), NodeError> {
        // At the top stand names of all kinds.
        if self.name.is_empty() {
            return Ok(());
        }
        let known: Vec<String> = self.known.iter().map(|key| self.variable(key)).collect();
        let within = self.variable("");
        let odd = self.instead.keys().find(|name| {
            name.starts_with(&within) && !known.contains(name) && !self.is_named(name)
        });
        let Some(odd) = odd else {
            return Ok(());
        };
        let known = known.join(", ");
        Err(NodeError::wrong(
            format!("环境变量 {odd} 不对应任何设置;可用:{known}"),
            format!("the variable {odd} says no setting; there are {known}"),
        ))
    }

    /// Whether a variable holds a secret, whose name somebody chose.
    pub(super) fn is_named(&self, variable: &str) -> bool {
        self.text.contains(variable) || self.instead.values().any(|value| value.contains(variable))
    }

    /// Tables of which the environment may say every key, and whole ones: `KANDENG_NOTICES_DUTY_KIND` says `kind` of
    /// `[notices.duty]`. What is written as TOML is read so, such as a number or `{ env = "NAME" }`; all else is a text.
    pub(super) fn tables_said(&mut self) {
        let within = self.variable("");
        for (variable, value) in self.instead {
            let Some(rest) = variable.strip_prefix(&within) else {
                continue;
            };
            if self.is_named(variable) {
                continue;
            }
            let names = self.table.keys().cloned();
            let known = names
                .filter_map(|name| {
                    let key = rest.strip_prefix(&name.to_uppercase())?.strip_prefix('_')?;
                    Some((name, key.to_lowercase()))
                })
                .max_by_key(|(name, _)| name.len());
            let new = || {
                let (name, key) = rest.split_once('_')?;
                Some((name.to_lowercase(), key.to_lowercase()))
            };
            let Some((name, key)) = known.or_else(new) else {
                continue;
            };
            let said = format!("value = {value}").parse::<toml::Table>();
            let said = said.ok().and_then(|mut said| said.remove("value"));
            let said = said.unwrap_or_else(|| toml::Value::String(value.clone()));
            let table = self
                .table
                .entry(name)
                .or_insert_with(|| toml::Table::new().into());
            if let Some(table) = table.as_table_mut() {
                table.insert(key, said);
            }
        }
    }

    pub(super) fn wrong(&self, key: &str, zh: &str, en: &str) -> NodeError {
        let at = match self.line(key) {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        };
        NodeError::wrong(format!("{at}:{zh}"), format!("{at}: {en}"))
    }

    /// Where a key stands, from 1.
    fn line(&self, key: &str) -> Option<usize> {
        let mut section = String::new();
        for (line, number) in self.text.lines().zip(1..) {
            let line = line.trim();
            if line.starts_with('[') {
                header_of(line).clone_into(&mut section);
                let is_within = section.starts_with(&format!("{key}."));
                if (self.name.is_empty() || self.name == key) && (section == key || is_within) {
                    return Some(number);
                }
            }
            let name = line.split('=').next().unwrap_or_default().trim();
            if section == self.name && name.trim_matches('"') == key {
                return Some(number);
            }
        }
        None
    }
}
