//! Who asks, for where, when, in which language: what every decision may know beside the state.

use jiff::Timestamp;
use kandeng_ledger::Occasion;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// The one that a person reads.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// A language that people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// Whoever a command comes from. Deciding sees this and no clock, no random number, no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The account that acts.
    pub actor: Uuid,
    /// The division code that it acts for.
    pub jurisdiction: String,
    /// Now.
    pub at: Timestamp,
    /// What the person reads.
    pub language: Language,
    /// The command's id, given by whoever sends it; the same id again gets the first answer.
    pub command: Option<Uuid>,
}

impl Context {
    /// The platform itself, acting at `at`: deadlines, deliveries.
    pub fn of_the_platform(at: Timestamp) -> Self {
        Self {
            actor: Uuid::nil(),
            jurisdiction: String::new(),
            at,
            language: Language::default(),
            command: None,
        }
    }

    pub(crate) fn occasion(&self) -> Occasion {
        Occasion {
            at: self.at,
            actor: self.actor,
            jurisdiction: self.jurisdiction.clone(),
            command: self.command,
        }
    }
}

/// A command that is not carried out: an answer, not a fault. It says why in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {}", text.en)]
pub struct Refusal {
    /// A stable word for programs, such as `signed-by-the-filer`.
    pub code: String,
    /// Why, for people.
    #[serde(flatten)]
    pub text: Text,
}

impl Refusal {
    /// A refusal of that code.
    pub fn new(code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            text: Text::new(zh, en),
        }
    }
}
