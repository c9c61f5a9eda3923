//! The loop that sends: leases a notice, hands it to its sender, says how it went.
//!
//! Channels go side by side, so that a mail server that does not answer keeps nobody else waiting; within a
//! channel one notice goes after the other, as group robots want it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kandeng_ledger::StreamName;
use tokio::task::{JoinError, JoinSet};

use super::{Deliver, Fail, LEASE, Lease, Letter, Notice, SendError, Sender, tables};
use crate::aggregate::fold;
use crate::context::Context;
use crate::platform::{CommandError, Platform};
use crate::rounds::rounds;

/// Notices that are looked up at once.
const PAGE: usize = 100;

/// Sends the notices of one node. With several nodes every one runs it: who leases first sends.
#[derive(Clone)]
pub struct NoticeLoop {
    platform: Platform,
    senders: Arc<BTreeMap<String, Arc<dyn Sender>>>,
}

impl NoticeLoop {
    /// The loop of this node, with its senders by channel.
    pub fn new(platform: Platform, senders: BTreeMap<String, Arc<dyn Sender>>) -> Self {
        Self {
            platform,
            senders: Arc::new(senders),
        }
    }

    /// Runs until the ledger is closed.
    ///
    /// # Errors
    /// When the store fails; whoever runs it starts it again.
    pub async fn run(&self) -> Result<(), CommandError> {
        rounds(&self.platform, || async {
            let (_, at) = self.send_all().await?;
            Ok(self
                .platform
                .query(|connection| tables::next_ready(connection, at))?)
        })
        .await
    }

    /// Sends every notice that is ready, and gives the number of tries.
    ///
    /// # Errors
    /// As [`NoticeLoop::run`].
    pub async fn send_ready(&self) -> Result<usize, CommandError> {
        Ok(self.send_all().await?.0)
    }

    /// How many tries there were, and until when: what is ready by then was tried, or cannot be.
    async fn send_all(&self) -> Result<(usize, Timestamp), CommandError> {
        let mut tries = 0;
        // Those that were not this node's to send, by how often they came: after this node has heard of
        // everything they are gone, or what queued them was erased from the ledger and only these tables still
        // say that they wait. They must not keep this loop busy, nor the others waiting.
        let mut seen: BTreeMap<StreamName, u32> = BTreeMap::new();
        loop {
            let now = self.platform.clock().now();
            let most = PAGE + seen.len();
            let mut ready = self
                .platform
                .query(|connection| tables::ready(connection, now, most))?;
            ready.retain(|(stream, _)| seen.get(stream).is_none_or(|times| *times < 2));
            if ready.is_empty() {
                return Ok((tries, now));
            }
            let mut channels: BTreeMap<String, Vec<StreamName>> = BTreeMap::new();
            for (stream, channel) in ready {
                channels.entry(channel).or_default().push(stream);
            }
            let mut sending = JoinSet::new();
            for streams in channels.into_values() {
                let this = self.clone();
                sending.spawn(async move {
                    let (mut own, mut others) = (0, Vec::new());
                    for stream in streams {
                        if this.send(&stream).await? {
                            own += 1;
                        } else {
                            others.push(stream);
                        }
                    }
                    Ok::<_, CommandError>((own, others))
                });
            }
            let mut others = false;
            while let Some(done) = sending.join_next().await {
                let broke = |error: JoinError| CommandError::Append(error.to_string());
                let done = done.map_err(broke)??;
                tries += done.0;
                for stream in done.1 {
                    others = true;
                    *seen.entry(stream).or_default() += 1;
                }
            }
            // Another node took some: they are ready here until this node has heard of it.
            if others {
                self.platform.see_all().await?;
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
                let fail = Fail { error, spread };
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
            let channel = &letter.channel;
            return Err(SendError::again(
                format!("没有设置渠道 {channel}"),
                format!("no sender is set up for {channel}"),
            ));
        };
        let sending = tokio::task::spawn_blocking(move || sender.send(&key, &letter));
        // Whoever takes longer than the lease may yet deliver, as may the next: a double, not a loss.
        match tokio::time::timeout(LEASE.unsigned_abs(), sending).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(SendError::again("发送中断", "the sender broke off")),
            Err(_) => Err(SendError::again("发送超时", "the sender took too long")),
        }
    }

    fn cx(&self) -> Context {
        Context::of_the_platform(self.platform.clock().now())
    }
}
