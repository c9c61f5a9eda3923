//! Vouching: the village hands a category in, the township and the line department sign it or give it back.
//!
//! A signature names the edition that it is for. Whoever has put a hand to a filing for one level does nothing in
//! it for another.

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_platform::{Context, Decide, Decision, Refusal, Text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Project, ProjectEvent, not_filed, withdrawn};
use crate::filing::Filing;

/// Who vouches, from the village up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 村: files and hands in.
    Village,
    /// 乡镇: reviews.
    Township,
    /// 主管部门: accepts.
    Department,
}

impl Level {
    /// All of them, in the order in which they vouch.
    pub const ALL: [Self; 3] = [Self::Village, Self::Township, Self::Department];

    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Village => "village",
            Self::Township => "township",
            Self::Department => "department",
        }
    }

    /// The level of a word for programs.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The word for people.
    pub fn title(self) -> Text {
        match self {
            Self::Village => Text::new("村级", "village"),
            Self::Township => Text::new("乡镇", "township"),
            Self::Department => Text::new("主管部门", "department"),
        }
    }

    fn below(self) -> Option<Self> {
        match self {
            Self::Village => None,
            Self::Township => Some(Self::Village),
            Self::Department => Some(Self::Township),
        }
    }
}

/// What somebody looked at before vouching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Items, by their keys.
    pub items: Vec<String>,
    /// Photos and papers, by SHA-256.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<String>,
}

/// Who vouches for a category as it stands, by level; empty from when it was given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Vouched {
    pub editions: BTreeMap<Level, u32>,
}

/// Hand a category in.
#[derive(Clone, Debug)]
pub struct SubmitCategory {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// Which category.
    pub category: String,
    /// The edition that was looked at.
    pub edition: u32,
    /// What was looked at.
    pub looked: Looked,
}

/// Sign a category above the village.
#[derive(Clone, Debug)]
pub struct SignCategory {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// Which category.
    pub category: String,
    /// For which level.
    pub level: Level,
    /// The edition that was looked at.
    pub edition: u32,
    /// What was looked at.
    pub looked: Looked,
}

/// Give a category back to the village.
#[derive(Clone, Debug)]
pub struct ReturnCategory {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// Which category.
    pub category: String,
    /// For which level.
    pub level: Level,
    /// The edition that was looked at.
    pub edition: u32,
    /// Why.
    pub reason: String,
}

impl Project {
    /// The last edition that changed an item of a category.
    fn changed_in(&self, filing: &Filing, category: &str) -> Result<u32, Refusal> {
        let category = filing.categories.iter().find(|known| known.key == category);
        let Some(category) = category else {
            return Err(Refusal::new(
                "unknown-category",
                "填报声明中没有这个大类",
                "the declaration has no such category",
            ));
        };
        let editions = category
            .items
            .iter()
            .filter_map(|item| self.items.get(&item.key));
        Ok(editions.copied().max().unwrap_or(0))
    }

    /// Whether `by` may act for `level`: nobody acts for two levels of one filing.
    pub(super) fn one_level(&self, by: Uuid, level: Level) -> Result<(), Refusal> {
        let other = self.hands.get(&by).filter(|known| **known != level);
        match other {
            Some(other) => {
                let (other, level) = (other.title(), level.title());
                Err(Refusal::new(
                    "another-level",
                    format!(
                        "你已在本项目中以“{}”身份办理,不能再以“{}”身份办理",
                        other.zh, level.zh
                    ),
                    format!(
                        "you have acted in this filing for the {}; nobody acts for two levels of one filing, so not for the {}",
                        other.en, level.en
                    ),
                ))
            }
            None => Ok(()),
        }
    }

    /// What every level is asked first: that the filing is there, that it is another level's, that what was
    /// looked at is what stands there.
    fn may_vouch(
        &self,
        filing: &Filing,
        category: &str,
        level: Level,
        edition: u32,
        cx: &Context,
    ) -> Result<(), Refusal> {
        if self.code.is_none() {
            return Err(not_filed());
        }
        if self.withdrawn {
            return Err(withdrawn());
        }
        let changed = self.changed_in(filing, category)?;
        self.one_level(cx.actor, level)?;
        if changed == 0 {
            return Err(Refusal::new(
                "empty-category",
                "这一类还没有填写任何内容",
                "nothing has been filled in in this category",
            ));
        }
        if edition < changed || edition > self.edition {
            return Err(Refusal::new(
                "changed-since-looked",
                "你看过之后内容又有改动,请重新查看",
                "it has changed since you looked at it; look again",
            ));
        }
        Ok(())
    }

    /// Whether a level vouches for a category as it stands.
    fn stands(&self, category: &str, level: Level, changed: u32) -> bool {
        let vouched = self.vouched.get(category);
        vouched
            .and_then(|vouched| vouched.editions.get(&level))
            .is_some_and(|edition| *edition >= changed)
    }
}

impl Decide<SubmitCategory> for Project {
    fn decide(
        &self,
        submit: SubmitCategory,
        cx: &Context,
    ) -> Result<Decision<ProjectEvent>, Refusal> {
        let SubmitCategory {
            filing,
            category,
            edition,
            looked,
        } = submit;
        self.may_vouch(&filing, &category, Level::Village, edition, cx)?;
        let changed = self.changed_in(&filing, &category)?;
        if self.stands(&category, Level::Village, changed) {
            return Ok(Decision::of([]));
        }
        Ok(ProjectEvent::CategorySubmitted {
            category,
            edition,
            by: cx.actor,
            looked,
        }
        .into())
    }
}

impl Decide<SignCategory> for Project {
    fn decide(&self, sign: SignCategory, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        let SignCategory {
            filing,
            category,
            level,
            edition,
            looked,
        } = sign;
        let Some(below) = level.below() else {
            return Err(Refusal::new(
                "village-submits",
                "村级通过提交签署",
                "the village vouches by handing the category in",
            ));
        };
        self.may_vouch(&filing, &category, level, edition, cx)?;
        let changed = self.changed_in(&filing, &category)?;
        if self.stands(&category, level, changed) {
            return Ok(Decision::of([]));
        }
        if !self.stands(&category, below, changed) {
            let below = below.title();
            return Err(Refusal::new(
                "not-vouched-below",
                format!("须先由{}签署现有内容", below.zh),
                format!("the {} must vouch for what stands there first", below.en),
            ));
        }
        Ok(ProjectEvent::CategorySigned {
            category,
            level,
            edition,
            by: cx.actor,
            looked,
        }
        .into())
    }
}

impl Decide<ReturnCategory> for Project {
    fn decide(
        &self,
        give_back: ReturnCategory,
        cx: &Context,
    ) -> Result<Decision<ProjectEvent>, Refusal> {
        let ReturnCategory {
            filing,
            category,
            level,
            edition,
            reason,
        } = give_back;
        if level == Level::Village {
            return Err(Refusal::new(
                "village-changes",
                "村级直接修改,不必退回",
                "the village changes its items and gives nothing back",
            ));
        }
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::new(
                "no-reason",
                "退回须写明理由",
                "giving back needs a reason",
            ));
        }
        self.may_vouch(&filing, &category, level, edition, cx)?;
        let vouched = self.vouched.get(&category);
        if vouched.is_none_or(|vouched| vouched.editions.is_empty()) {
            return Err(Refusal::new(
                "not-submitted",
                "这一类没有提交,无可退回",
                "this category was not handed in, so there is nothing to give back",
            ));
        }
        Ok(ProjectEvent::CategoryReturned {
            category,
            level,
            edition,
            by: cx.actor,
            reason,
        }
        .into())
    }
}
