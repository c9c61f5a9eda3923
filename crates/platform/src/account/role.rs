//! What people may be asked to do, and for where.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::{Language, Text};

/// A role. What it may do is said by the policies, not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 填报员: files and updates projects of a village.
    Clerk,
    /// 审核员: vouches at the township.
    Reviewer,
    /// 主管部门: vouches for the line department.
    Department,
    /// 经办人: works on flags and cases.
    Officer,
    /// 负责人: leads, consents, reads the numbers.
    Manager,
    /// 审计员: reads everything, changes nothing.
    Auditor,
    /// 管理员: people and settings, no cases.
    Administrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Clerk,
        Self::Reviewer,
        Self::Department,
        Self::Officer,
        Self::Manager,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The word for programs and policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Reviewer => "reviewer",
            Self::Department => "department",
            Self::Officer => "officer",
            Self::Manager => "manager",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The word for people.
    pub fn title(self) -> Text {
        match self {
            Self::Clerk => Text::new("填报员", "clerk"),
            Self::Reviewer => Text::new("审核员", "reviewer"),
            Self::Department => Text::new("主管部门", "department"),
            Self::Officer => Text::new("经办人", "officer"),
            Self::Manager => Text::new("负责人", "manager"),
            Self::Auditor => Text::new("审计员", "auditor"),
            Self::Administrator => Text::new("管理员", "administrator"),
        }
    }
}

/// A role within a jurisdiction and everything below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The division code at the top.
    pub jurisdiction: String,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The account.
    pub account: Uuid,
    /// What it may be asked to do, and for where.
    pub grants: Vec<Grant>,
    /// What the person reads.
    pub language: Language,
    /// The session.
    pub session: Uuid,
}
