//! Why a declaration of items cannot be used.

use kandeng_screening::Text;

/// Why a declaration of items cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilingError {
    /// Not TOML, or a key that a declaration does not have.
    #[error("the declaration of items cannot be read: {0}")]
    Malformed(String),
    /// Two things under one key.
    #[error("`{0}` is declared twice")]
    Twice(String),
    /// Something named that is not declared.
    #[error("`{by}` names `{missing}`, which is not declared")]
    Unknown {
        /// What names it.
        by: String,
        /// What is not there.
        missing: String,
    },
}

impl FilingError {
    /// The same in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Malformed(why) => format!("信息项声明无法读取:{why}"),
            Self::Twice(key) => format!("“{key}”声明了两次"),
            Self::Unknown { by, missing } => format!("“{by}”引用了未声明的“{missing}”"),
        };
        Text::new(zh, self.to_string())
    }
}
