//! The loop that fires deadlines: it sleeps until the next one, and at start fires what it missed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kandeng_ledger::StreamName;

use super::{Deadline, Miss, tables};
use crate::context::Context;
use crate::platform::{Answer, CommandError, Platform};
use crate::rounds::rounds;

/// Deadlines that are looked up at once.
const PAGE: usize = 500;

/// Fires deadlines of one node. With several nodes every one runs it: who appends first has fired.
pub struct DeadlineLoop {
    platform: Platform,
}

impl DeadlineLoop {
    /// The loop of this node.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    /// Runs until the ledger is closed.
    ///
    /// # Errors
    /// When the store fails; whoever runs it starts it again.
    pub async fn run(&self) -> Result<(), CommandError> {
        rounds(&self.platform, || async {
            let (_, at) = self.fire_all().await?;
            Ok(self
                .platform
                .query(|connection| tables::next_due(connection, at))?)
        })
        .await
    }

    /// Fires every deadline whose time has come, and gives their number.
    ///
    /// # Errors
    /// As [`DeadlineLoop::run`].
    pub async fn fire_due(&self) -> Result<usize, CommandError> {
        Ok(self.fire_all().await?.0)
    }

    /// How many were fired, and until when: what is due by then is fired, or cannot be.
    async fn fire_all(&self) -> Result<(usize, Timestamp), CommandError> {
        let mut fired = 0;
        // Those that were not this node's to fire, by how often they came: after this node has heard of
        // everything they are gone, or what set them was erased from the ledger and only these tables still say
        // that they run. They must not keep this loop busy, nor the others waiting.
        let mut tried: BTreeMap<StreamName, u32> = BTreeMap::new();
        loop {
            let now = self.platform.clock().now();
            let most = PAGE + tried.len();
            let mut due = self
                .platform
                .query(|connection| tables::due(connection, now, most))?;
            due.retain(|stream| tried.get(stream).is_none_or(|times| *times < 2));
            if due.is_empty() {
                return Ok((fired, now));
            }
            let mut others = false;
            for stream in due {
                if self.fire(&stream).await? {
                    fired += 1;
                } else {
                    others = true;
                    *tried.entry(stream).or_default() += 1;
                }
            }
            // Another node was first with some: they are due here until this node has heard of it.
            if others {
                self.platform.see_all().await?;
            }
        }
    }

    /// Whether it was this node that fired.
    async fn fire(&self, stream: &StreamName) -> Result<bool, CommandError> {
        let cx = Context::of_the_platform(self.platform.clock().now());
        let answer = self
            .platform
            .append(&cx, |plan| {
                // Read once: a second look might see what another node did in between.
                let loaded = plan.load::<Deadline>(stream)?;
                let standing = loaded.state.clone();
                plan.decide_on(loaded, stream.clone(), Miss)?;
                // What is to be done and that it was missed are one append: neither is there alone.
                if let Deadline::Running { of } = &standing
                    && of.by <= plan.cx.at
                    && let Some(follow_up) = self.platform.follow_up(&of.then)
                {
                    follow_up(plan, of)?;
                }
                Ok(())
            })
            .await;
        let answer = match answer {
            // A follow-up that is refused must not keep the deadline from being missed for ever.
            Err(CommandError::Refused(_)) => {
                self.platform
                    .append(&cx, |plan| plan.decide::<Deadline, _>(stream.clone(), Miss))
                    .await
            }
            answer => answer,
        };
        match answer {
            Ok(answer) => Ok(answer != Answer::Nothing),
            // Somebody writes to it again and again: it is looked at once more.
            Err(CommandError::Contended(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
