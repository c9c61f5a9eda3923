//! The loop that sends: leases a notice, hands it to its sender, says how it went.

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_ledger::StreamName;

use super::{Deliver, Fail, Lease, Letter, Notice, tables};
use crate::aggregate::fold;
use crate::context::Context;
use crate::platform::{CommandError, Platform};
use crate::rounds::rounds;

/// Notices that are looked up at once.
const PAGE: usize = 100;

/// A notice that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SendError {
    /// Why, without addresses or contents.
    pub problem: String,
    /// Whether trying again is of no use, as with an account that has no address.
    pub for_good: bool,
}

/// What carries notices out of the house. It may block.
pub trait Sender: Send + Sync {
    /// Sends one. `key` is the same for every try of one notice, so that a receiver that can tell doubles
    /// apart does.
    ///
    /// # Errors
    /// When it was not taken.
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError>;
}

/// Sends the notices of one node. With several nodes every one runs it: who leases first sends.
pub struct NoticeLoop {
    platform: Platform,
    senders: BTreeMap<String, Arc<dyn Sender>>,
}

impl NoticeLoop {
    /// The loop of this node, with its senders by channel.
    pub fn new(platform: Platform, senders: BTreeMap<String, Arc<dyn Sender>>) -> Self {
        Self { platform, senders }
    }

    /// Runs until the ledger is closed.
    ///
    /// # Errors
    /// When the store fails; whoever runs it starts it again.
    pub async fn run(&self) -> Result<(), CommandError> {
        rounds(&self.platform, || async {
            self.send_ready().await?;
            Ok(self.platform.query(tables::next_ready)?)
        })
        .await
    }

    /// Sends every notice that is ready, and gives the number of tries.
    ///
    /// # Errors
    /// As [`NoticeLoop::run`].
    pub async fn send_ready(&self) -> Result<usize, CommandError> {
        let mut tries = 0;
        loop {
            let now = self.platform.clock().now();
            let ready = self
                .platform
                .query(|connection| tables::ready(connection, now, PAGE))?;
            if ready.is_empty() {
                return Ok(tries);
            }
            for stream in ready {
                if self.send(&stream).await? {
                    tries += 1;
                }
            }
        }
    }

    /// Whether it was this node that tried.
    async fn send(&self, stream: &StreamName) -> Result<bool, CommandError> {
        let lease = self
            .platform
            .append(&self.cx(), |plan| {
                plan.decide::<Notice, _>(stream.clone(), Lease)
            })
            .await;
        match lease {
            Ok(_) => {}
            Err(CommandError::Refused(_) | CommandError::Contended(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        // A crash here leaves the notice leased: it is sent when the lease has run out.
        let events = self.platform.ledger().read_stream(stream, 0)?;
        let Some(letter) = fold::<Notice>(events)?.state.letter else {
            return Ok(false);
        };
        let sent = self.hand_over(stream.to_string(), letter).await;
        // A crash here leaves it sent and not known to be: it is sent again when the lease has run out.
        match sent {
            Ok(()) => {
                self.platform
                    .append(&self.cx(), |plan| {
                        plan.decide::<Notice, _>(stream.clone(), Deliver)
                    })
                    .await?;
            }
            Err(error) => {
                let spread =
                    u32::from_be_bytes(*stream.id().as_bytes().last_chunk().unwrap_or(&[0; 4]));
                let fail = Fail {
                    problem: error.problem,
                    for_good: error.for_good,
                    spread,
                };
                self.platform
                    .append(&self.cx(), |plan| {
                        plan.decide::<Notice, _>(stream.clone(), fail.clone())
                    })
                    .await?;
            }
        }
        Ok(true)
    }

    async fn hand_over(&self, key: String, letter: Letter) -> Result<(), SendError> {
        let Some(sender) = self.senders.get(&letter.channel).cloned() else {
            return Err(SendError {
                problem: format!("no sender is set up for {}", letter.channel),
                for_good: false,
            });
        };
        let sending = tokio::task::spawn_blocking(move || sender.send(&key, &letter));
        sending.await.unwrap_or_else(|_| {
            Err(SendError {
                problem: "the sender broke off".to_owned(),
                for_good: false,
            })
        })
    }

    fn cx(&self) -> Context {
        Context::of_the_platform(self.platform.clock().now())
    }
}
