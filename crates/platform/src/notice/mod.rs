//! Notices: queued in the same append as their cause, leased, delivered, acknowledged; retried with growing
//! pauses, and visibly given up after a limit.
//!
//! A notice is delivered at least once: whoever crashes between delivering and saying so delivers again when
//! the lease has run out. The same cause is told one recipient by one channel once.

mod run;
mod send;
pub mod senders;
mod tables;

use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::StreamName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub use run::NoticeLoop;
pub use send::{SendError, Sender};
pub use tables::{GivenUp, NoticeTables, given_up};

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal, Text};
use crate::effect::NewNotice;
use crate::platform::{Answer, CommandError, Platform};

/// How long a sender may take.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE_SECONDS: i64 = 30;

/// The longest pause.
const LONGEST_PAUSE_SECONDS: i64 = 3_600;

/// After so many failures nobody tries again.
pub const MOST_ATTEMPTS: u32 = 12;

/// What happened to a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum NoticeEvent {
    /// It is to be sent.
    NoticeQueued {
        /// The account.
        to: Uuid,
        /// By which sender.
        channel: String,
        /// A line.
        subject: Text,
        /// The rest.
        body: Text,
    },
    /// Somebody is sending it.
    NoticeLeased {
        /// Until when nobody else may.
        until: Timestamp,
    },
    /// It was sent.
    NoticeDelivered {},
    /// It could not be sent.
    NoticeFailed {
        /// In the sender's words, without addresses.
        problem: Text,
        /// When it is tried again; nothing when it is given up.
        again: Option<Timestamp>,
    },
    /// It was given up, and somebody wants it tried again.
    NoticeRetried {},
}

impl Events for NoticeEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("notice-queued", 1),
        ("notice-leased", 1),
        ("notice-delivered", 1),
        ("notice-failed", 2),
        ("notice-retried", 1),
    ];

    fn upcast(kind: &str, schema: u16, mut payload: Value) -> Option<Value> {
        match (kind, schema) {
            // Until version 2 the problem was one text, in English.
            ("notice-failed", 1) => {
                let problem = payload.get("problem")?.as_str()?.to_owned();
                payload["problem"] = json!({"zh": problem, "en": problem});
                Some(payload)
            }
            _ => None,
        }
    }
}

/// Where a notice stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notice {
    /// What it says, once it was queued.
    pub letter: Option<Letter>,
    /// From when it may be sent; nothing when it was delivered or given up.
    pub ready: Option<Timestamp>,
    /// Failures so far, or since somebody had it tried again.
    pub attempts: u32,
    leased: bool,
    given_up: bool,
}

/// What a sender gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The account.
    pub to: Uuid,
    /// By which sender.
    pub channel: String,
    /// A line.
    pub subject: Text,
    /// The rest.
    pub body: Text,
}

impl Aggregate for Notice {
    const STREAM: &'static str = "notice";
    type Event = NoticeEvent;

    fn apply(&mut self, event: NoticeEvent) {
        self.leased = false;
        self.given_up = false;
        match event {
            NoticeEvent::NoticeQueued {
                to,
                channel,
                subject,
                body,
            } => {
                self.letter = Some(Letter {
                    to,
                    channel,
                    subject,
                    body,
                });
                self.ready = Some(Timestamp::MIN);
            }
            NoticeEvent::NoticeLeased { until } => {
                self.ready = Some(until);
                self.leased = true;
            }
            NoticeEvent::NoticeDelivered {} => self.ready = None,
            NoticeEvent::NoticeFailed { again, .. } => {
                self.attempts += 1;
                self.ready = again;
                self.given_up = again.is_none();
            }
            NoticeEvent::NoticeRetried {} => {
                self.attempts = 0;
                self.ready = Some(Timestamp::MIN);
            }
        }
    }
}

/// Send it.
#[derive(Clone, Debug)]
pub struct Queue(pub NewNotice);

/// Take it for sending.
#[derive(Clone, Copy, Debug)]
pub struct Lease;

/// It was sent.
#[derive(Clone, Copy, Debug)]
pub struct Deliver;

/// It could not be sent.
#[derive(Clone, Debug)]
pub struct Fail {
    /// What the sender says.
    pub error: SendError,
    /// A number that spreads the next tries of many notices, as random as one likes.
    pub spread: u32,
}

/// It was given up: try again, as if for the first time.
#[derive(Clone, Copy, Debug)]
pub struct Retry;

impl Decide<Queue> for Notice {
    fn decide(&self, Queue(new): Queue, _: &Context) -> Result<Decision<NoticeEvent>, Refusal> {
        if self.letter.is_some() {
            return Ok(Decision::of([]));
        }
        Ok(NoticeEvent::NoticeQueued {
            to: new.to,
            channel: new.channel,
            subject: new.subject,
            body: new.body,
        }
        .into())
    }
}

impl Decide<Lease> for Notice {
    fn decide(&self, _: Lease, cx: &Context) -> Result<Decision<NoticeEvent>, Refusal> {
        match self.ready {
            Some(ready) if ready <= cx.at => Ok(NoticeEvent::NoticeLeased {
                until: cx.at.saturating_add(LEASE).unwrap_or(Timestamp::MAX),
            }
            .into()),
            _ => Err(Refusal::new(
                "notice-not-ready",
                "通知已由他人处理,或尚未到时间",
                "somebody else has the notice, or its time has not come",
            )),
        }
    }
}

impl Decide<Deliver> for Notice {
    fn decide(&self, _: Deliver, _: &Context) -> Result<Decision<NoticeEvent>, Refusal> {
        // Also after the lease ran out: it was sent, and that is what counts.
        match self.ready {
            Some(_) => Ok(NoticeEvent::NoticeDelivered {}.into()),
            None => Ok(Decision::of([])),
        }
    }
}

impl Decide<Fail> for Notice {
    fn decide(&self, fail: Fail, cx: &Context) -> Result<Decision<NoticeEvent>, Refusal> {
        if !self.leased {
            return Ok(Decision::of([]));
        }
        let attempts = self.attempts + 1;
        let given_up = fail.error.for_good || attempts >= MOST_ATTEMPTS;
        let asked = fail.error.after.unwrap_or_default();
        let again = (!given_up).then(|| {
            let not_before = cx.at.saturating_add(asked).unwrap_or(Timestamp::MAX);
            pause_after(cx.at, attempts, fail.spread).max(not_before)
        });
        Ok(NoticeEvent::NoticeFailed {
            problem: fail.error.problem,
            again,
        }
        .into())
    }
}

impl Decide<Retry> for Notice {
    fn decide(&self, _: Retry, _: &Context) -> Result<Decision<NoticeEvent>, Refusal> {
        if self.given_up {
            return Ok(NoticeEvent::NoticeRetried {}.into());
        }
        Err(Refusal::new(
            "notice-not-given-up",
            "没有这条已放弃的通知:它已送达、仍在等候,或从未有过",
            "no such notice was given up: it was delivered, still waits, or never was",
        ))
    }
}

impl Platform {
    /// Whether somebody was told of a cause by a channel, or is going to be.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn was_told(&self, cause: &str, to: Uuid, channel: &str) -> Result<bool, CommandError> {
        let stream = self.notice_of(cause, to, channel)?;
        Ok(!self.ledger().read_stream(&stream, 0)?.is_empty())
    }

    /// The stream of the notice that tells somebody of a cause by a channel: there is one.
    pub(crate) fn notice_of(
        &self,
        cause: &str,
        to: Uuid,
        channel: &str,
    ) -> Result<StreamName, CommandError> {
        self.guard("notice", &[cause, &to.to_string(), channel])
    }

    /// Has a notice that was given up tried again, by whichever node's loop is first.
    ///
    /// # Errors
    /// A refusal when it was not given up; otherwise as [`Platform::append`].
    pub async fn retry_notice(
        &self,
        notice: &StreamName,
        cx: &Context,
    ) -> Result<Answer, CommandError> {
        self.append(cx, |plan| plan.decide::<Notice, _>(notice.clone(), Retry))
            .await
    }
}

/// When to try again after the `attempts`-th failure: doubling from 30 seconds to an hour, spread over a
/// further half, so that many that failed together do not come back together.
fn pause_after(at: Timestamp, attempts: u32, spread: u32) -> Timestamp {
    let doubled = FIRST_PAUSE_SECONDS << attempts.saturating_sub(1).min(16);
    let pause = doubled.min(LONGEST_PAUSE_SECONDS);
    let further = pause * i64::from(spread % 1_000) / 2_000;
    at.saturating_add(SignedDuration::from_secs(pause + further))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_an_hour_and_are_spread() {
        let at: Timestamp = "2026-06-30T08:00:00Z".parse().unwrap();
        let seconds =
            |attempts, spread| pause_after(at, attempts, spread).as_second() - at.as_second();
        let plain: Vec<_> = (1..=9).map(|attempts| seconds(attempts, 0)).collect();
        assert_eq!(plain, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert_eq!(seconds(1, 999), 44);
        assert_eq!(seconds(40, 500), 4_500);
    }
}
