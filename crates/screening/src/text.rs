//! A sentence in both languages. Whatever a person may read is one of these.

use serde::{Deserialize, Serialize};

/// The same words in Chinese and in English; neither may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages at once, so that neither can be forgotten.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// Words that are the same in both languages, such as a code or a file name.
    pub fn same(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            zh: words.clone(),
            en: words,
        }
    }
}

/// English, for errors that are printed where no language was chosen.
impl std::fmt::Display for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.en)
    }
}
