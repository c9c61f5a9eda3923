//! Yes or no, and one of a list.

use std::collections::HashMap;

use super::{Cell, Refused, half_width, stands_for_nothing};
use crate::filing::Choice;

/// Reads yes or no.
///
/// # Errors
/// When it is neither.
pub fn read_bool(cell: Cell<'_>) -> Result<Option<bool>, Refused> {
    let refused = || Refused::new("bool", "应为 是 或 否", "expected 是/否 or yes/no");
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Bool(answer) => Ok(Some(answer)),
        Cell::Number(1.0) => Ok(Some(true)),
        Cell::Number(0.0) => Ok(Some(false)),
        Cell::Text(text) => match half_width(text).to_lowercase().as_str() {
            "是" | "有" | "yes" | "y" | "true" | "t" | "1" | "√" | "✓" | "✔" | "对" => {
                Ok(Some(true))
            }
            "否" | "无" | "no" | "n" | "false" | "f" | "0" | "×" | "✗" | "✘" | "x" | "错" => {
                Ok(Some(false))
            }
            other if stands_for_nothing(other) => Ok(None),
            _ => Err(refused()),
        },
        Cell::Number(_) | Cell::Moment { .. } => Err(refused()),
    }
}

/// Answers that a refusal names.
const SHOWN: usize = 12;

/// The answers of one choice, by every way to write them.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    keys: HashMap<String, String>,
    offered: Vec<(String, String)>,
}

impl Answers {
    /// The answers that a column offers.
    pub fn new(choices: &[Choice]) -> Self {
        let mut keys = HashMap::new();
        let names = choices
            .iter()
            .flat_map(|choice| [&choice.key, &choice.zh, &choice.en].map(|name| (name, choice)));
        // The name of one goes before another's alias.
        let aliases = choices
            .iter()
            .flat_map(|choice| choice.aliases.iter().map(move |name| (name, choice)));
        for (name, choice) in names.chain(aliases) {
            keys.entry(plain(name))
                .or_insert_with(|| choice.key.clone());
        }
        let offered = choices
            .iter()
            .map(|choice| (choice.zh.clone(), choice.en.clone()))
            .collect();
        Self { keys, offered }
    }

    /// The key of an answer.
    ///
    /// # Errors
    /// When it is not one of the list.
    pub fn read<'a>(&'a self, cell: Cell<'_>) -> Result<Option<&'a str>, Refused> {
        match cell {
            Cell::Empty => return Ok(None),
            Cell::Failed(error) => return Err(Refused::formula(error)),
            Cell::Text(text) => {
                if let Some(key) = self.keys.get(text).or_else(|| self.keys.get(&plain(text))) {
                    return Ok(Some(key));
                }
                if stands_for_nothing(text) {
                    return Ok(None);
                }
            }
            Cell::Number(_) | Cell::Moment { .. } | Cell::Bool(_) => {}
        }
        let offered = self.offered.iter().take(SHOWN);
        let (zh, en): (Vec<_>, Vec<_>) = offered.map(|(zh, en)| (zh.as_str(), en.as_str())).unzip();
        let more = if self.offered.len() > SHOWN {
            "…"
        } else {
            ""
        };
        Err(Refused::new(
            "choice",
            format!("应为以下之一:{}{more}", zh.join("、")),
            format!("expected one of: {}{more}", en.join(", ")),
        ))
    }

    /// Whether a text is the key of an answer already.
    pub fn is_key(&self, text: &str) -> bool {
        self.keys.get(text).is_some_and(|key| key == text)
    }
}

fn plain(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}
