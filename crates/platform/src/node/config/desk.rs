//! `[desk]`: how long people have for what they work on, and how long a dismissed flag says whom it pointed at. In
//! whole days.

use jiff::SignedDuration;

use super::NodeError;
use super::section::Section;
use crate::case::Rungs;

/// The most days of a setting: ten years.
const MOST_DAYS: u32 = 3_660;

/// Days of a county.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskAt {
    /// Until a case without an answer is urged (催办).
    pub urge: u32,
    /// From then until it is supervised (督办).
    pub supervise: u32,
    /// From then until it is investigated (查办).
    pub investigate: u32,
    /// Until a question to a filer is overdue.
    pub question: u32,
    /// From a dismissal until whom the flag pointed at is forgotten.
    pub forget: u32,
}

impl Default for DeskAt {
    fn default() -> Self {
        Self {
            urge: 10,
            supervise: 10,
            investigate: 10,
            question: 5,
            forget: 730,
        }
    }
}

impl DeskAt {
    /// When each rung of a case is climbed.
    pub fn rungs(&self) -> Rungs {
        Rungs::new(
            days(self.urge),
            days(self.supervise),
            days(self.investigate),
        )
    }

    /// Within which time a question is answered.
    pub fn question(&self) -> SignedDuration {
        days(self.question)
    }

    /// How long a dismissed flag says whom it pointed at.
    pub fn forget(&self) -> SignedDuration {
        days(self.forget)
    }

    pub(super) fn read(section: Option<Section<'_>>) -> Result<Self, NodeError> {
        let mut desk = Self::default();
        let Some(mut section) = section else {
            return Ok(desk);
        };
        for (key, days) in desk.keys() {
            if let Some(said) = section.number(key)? {
                *days = u32::try_from(said)
                    .ok()
                    .filter(|days| (1..=MOST_DAYS).contains(days))
                    .ok_or_else(|| {
                        section.wrong(
                            key,
                            &format!("{key} 应为 1 至 {MOST_DAYS} 天"),
                            &format!("{key} is from 1 to {MOST_DAYS} days"),
                        )
                    })?;
            }
        }
        section.end()?;
        Ok(desk)
    }

    /// Each with its key in the file.
    fn keys(&mut self) -> [(&'static str, &mut u32); 5] {
        [
            ("urge_days", &mut self.urge),
            ("supervise_days", &mut self.supervise),
            ("investigate_days", &mut self.investigate),
            ("question_days", &mut self.question),
            ("forget_dismissed_days", &mut self.forget),
        ]
    }

    /// The settings as a section of the file; nothing where all is as it would be without.
    pub(super) fn text(mut self) -> String {
        let mut default = Self::default();
        if self == default {
            return String::new();
        }
        let mut text = "\n[desk]\n".to_owned();
        for ((key, days), (_, usual)) in self.keys().into_iter().zip(default.keys()) {
            if *days != *usual {
                text.push_str(&format!("{key} = {days}\n"));
            }
        }
        text
    }
}

fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
