//! What a program's key may change. Reading needs no scope: a key reads what its owner may.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One kind of change. What each takes in stands beside the actions ([`Action::scope`](crate::authority::Action::scope)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// 填报: projects, items, photos and papers, answers.
    File,
    /// 审核签署: signatures of village, township and department.
    Vouch,
    /// 导入: whole files of filings.
    Import,
    /// 办理: flags, cases, questions.
    Decide,
    /// 规则: parameters, and screening.
    Rules,
    /// 设置: the declaration of items, and registers.
    Settings,
    /// 人员: accounts and roles.
    People,
}

/// The scopes of a key; none of a key that reads only.
pub type Scopes = BTreeSet<Scope>;

impl Scope {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::Vouch,
        Self::Import,
        Self::Decide,
        Self::Rules,
        Self::Settings,
        Self::People,
    ];

    /// Those that a key had which could change things, before there were scopes. There were no operations for the others.
    pub const BEFORE_SCOPES: [Self; 5] = [
        Self::File,
        Self::Vouch,
        Self::Import,
        Self::Decide,
        Self::Rules,
    ];

    /// The word for programs and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Vouch => "vouch",
            Self::Import => "import",
            Self::Decide => "decide",
            Self::Rules => "rules",
            Self::Settings => "settings",
            Self::People => "people",
        }
    }
}
