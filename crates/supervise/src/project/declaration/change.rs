//! One change of a declaration, applied to its text. What a change may not do is said by the declaration's own
//! rules, which check the text that comes out.

use kandeng_platform::Refusal;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// An item of the county's own, with its columns in the sheet of projects.
    AddItem {
        /// The category that it comes last in.
        category: String,
        /// Its key: a word of small letters, digits and underscores.
        key: String,
        /// Its name in Chinese.
        zh: String,
        /// Its name in English.
        en: String,
        /// The stage from which it is required.
        from: String,
        /// Whether it may be published.
        public: bool,
        /// What it holds.
        columns: Vec<NewColumn>,
    },
    /// Another name for an item.
    Relabel {
        /// Which.
        item: String,
        /// Its name in Chinese.
        zh: String,
        /// Its name in English.
        en: String,
    },
    /// Another stage from which an item is required.
    RequireFrom {
        /// Which.
        item: String,
        /// The stage.
        stage: String,
    },
    /// The item is no longer asked for. What was filed of it stays.
    Retire {
        /// Which.
        item: String,
    },
    /// It is asked for again.
    Restore {
        /// Which.
        item: String,
    },
}

/// A column of a new item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewColumn {
    /// Its key.
    pub key: String,
    /// Its header in Chinese.
    pub zh: String,
    /// Its header in English.
    pub en: String,
    /// What it holds: a field type of the declaration, such as `date`.
    pub field: String,
    /// The answers, where it is a choice.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<NewChoice>,
    /// What the template shows.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub example: String,
}

/// An answer of a new choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChoice {
    /// The key that rules use.
    pub key: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

impl Change {
    /// The change without spaces around its words.
    ///
    /// # Errors
    /// A refusal where a name is empty: everything that people see has one in both languages.
    pub(super) fn trimmed(mut self) -> Result<Self, Refusal> {
        let mut words: Vec<&mut String> = Vec::new();
        let mut names: Vec<&mut String> = Vec::new();
        match &mut self {
            Self::AddItem {
                key,
                zh,
                en,
                columns,
                ..
            } => {
                words.push(key);
                names.extend([zh, en]);
                for column in columns {
                    words.push(&mut column.key);
                    names.extend([&mut column.zh, &mut column.en]);
                }
            }
            Self::Relabel { zh, en, .. } => names.extend([zh, en]),
            Self::RequireFrom { .. } | Self::Retire { .. } | Self::Restore { .. } => {}
        }
        for text in words
            .into_iter()
            .chain(names.iter_mut().map(|name| &mut **name))
        {
            *text = text.trim().to_owned();
        }
        if names.iter().any(|name| name.is_empty()) {
            return Err(Refusal::new(
                "both-names-needed",
                "中文名、英文名和内容都要填写。",
                "Both names and what it holds are needed.",
            ));
        }
        Ok(self)
    }

    /// The text with the change in it.
    ///
    /// # Errors
    /// A refusal when there is no such item or category, or a key is no word.
    pub fn apply(&self, text: &str) -> Result<String, Refusal> {
        let mut root: Table = toml::from_str(text).map_err(|error| {
            Refusal::new("no-such-declaration", error.to_string(), error.to_string())
        })?;
        match self {
            Self::AddItem {
                category,
                key,
                zh,
                en,
                from,
                public,
                columns,
            } => {
                for word in columns.iter().map(|column| &column.key).chain([key]) {
                    check_word(word)?;
                }
                let kind = columns.iter().map(|column| column.field.as_str());
                let kind = kind.collect::<Vec<_>>().join(" + ");
                let mut item = Table::new();
                for (name, value) in [
                    ("key", key),
                    ("zh", zh),
                    ("en", en),
                    ("type", &kind),
                    ("from", from),
                ] {
                    item.insert(name.to_owned(), Value::String(value.clone()));
                }
                item.insert("public".to_owned(), Value::Boolean(*public));
                list(&mut root, "category", "key", category, "items")?.push(Value::Table(item));
                for column in columns {
                    let declared = column.declared(key, &mut root);
                    list(&mut root, "sheet", "table", "projects", "columns")?
                        .push(Value::Table(declared));
                }
            }
            Self::Relabel { item, zh, en } => {
                let item = find(&mut root, item)?;
                item.insert("zh".to_owned(), Value::String(zh.clone()));
                item.insert("en".to_owned(), Value::String(en.clone()));
            }
            Self::RequireFrom { item, stage } => {
                find(&mut root, item)?.insert("from".to_owned(), Value::String(stage.clone()));
            }
            Self::Retire { item } => {
                find(&mut root, item)?.insert("retired".to_owned(), Value::Boolean(true));
            }
            Self::Restore { item } => {
                find(&mut root, item)?.remove("retired");
            }
        }
        toml::to_string(&root).map_err(|error| {
            Refusal::new("no-such-declaration", error.to_string(), error.to_string())
        })
    }
}

impl NewColumn {
    /// The column as it is declared. Its answers become a list of choices of its own.
    fn declared(&self, item: &str, root: &mut Table) -> Table {
        let mut declared = Table::new();
        for (name, value) in [
            ("key", self.key.as_str()),
            ("zh", &self.zh),
            ("en", &self.en),
            ("type", &self.field),
            ("item", item),
            ("example", &self.example),
        ] {
            declared.insert(name.to_owned(), Value::String(value.to_owned()));
        }
        if !self.choices.is_empty() {
            let answers = self.choices.iter().map(|choice| {
                let mut answer = Table::new();
                for (name, value) in [("key", &choice.key), ("zh", &choice.zh), ("en", &choice.en)]
                {
                    answer.insert(name.to_owned(), Value::String(value.clone()));
                }
                Value::Table(answer)
            });
            let answers = Value::Array(answers.collect());
            let named = format!("own_{}", self.key);
            if let Some(Value::Table(choices)) = root.get_mut("choices") {
                choices.insert(named.clone(), answers);
            }
            declared.insert("choices".to_owned(), Value::String(named));
        }
        declared
    }
}

/// A list within the entry of `outer` that goes by a name.
fn list<'r>(
    root: &'r mut Table,
    outer: &str,
    by: &str,
    name: &str,
    inner: &str,
) -> Result<&'r mut Vec<Value>, Refusal> {
    let entries = root.get_mut(outer).and_then(Value::as_array_mut);
    entries
        .into_iter()
        .flatten()
        .find(|entry| entry.get(by).and_then(Value::as_str) == Some(name))
        .and_then(|entry| entry.get_mut(inner))
        .and_then(Value::as_array_mut)
        .ok_or_else(|| unknown(name))
}

fn find<'r>(root: &'r mut Table, item: &str) -> Result<&'r mut Table, Refusal> {
    let categories = root.get_mut("category").and_then(Value::as_array_mut);
    categories
        .into_iter()
        .flatten()
        .filter_map(|category| category.get_mut("items").and_then(Value::as_array_mut))
        .flatten()
        .filter_map(Value::as_table_mut)
        .find(|known| known.get("key").and_then(Value::as_str) == Some(item))
        .ok_or_else(|| unknown(item))
}

fn unknown(name: &str) -> Refusal {
    let shown = crate::import::shown(name);
    Refusal::new(
        "unknown-item",
        format!("填报声明中没有“{shown}”"),
        format!("the declaration has no {shown}"),
    )
}

/// Keys become names of columns in SQL.
fn check_word(word: &str) -> Result<(), Refusal> {
    let fits = (1..=40).contains(&word.len())
        && word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if fits {
        return Ok(());
    }
    Err(Refusal::new(
        "no-word",
        "键须以小写字母开头,只含小写字母、数字和下划线,最多 40 个字符",
        "a key begins with a small letter and has small letters, digits and underscores only, at most 40",
    ))
}
