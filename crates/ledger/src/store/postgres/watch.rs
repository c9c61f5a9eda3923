//! Hearing that another node has appended: `LISTEN`, and looking now and then where that fails.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio_postgres::Client;

use super::address::Address;
use super::address::Ears;
use super::connection::{Mover, wait};
use crate::store::Watch;

/// A connection that listens, made anew when it is lost.
pub(super) struct Listener {
    address: Address,
    mover: Arc<Mover>,
    /// Whose batches are no news.
    node: String,
    heard: Option<(Client, mpsc::Receiver<()>)>,
}

impl Listener {
    pub(super) fn new(address: Address, mover: Arc<Mover>, node: String) -> Self {
        Self {
            address,
            mover,
            node,
            heard: None,
        }
    }

    fn listen(&self) -> Option<(Client, mpsc::Receiver<()>)> {
        let (tell, heard) = mpsc::channel();
        let client = self
            .mover
            .connect(
                &self.address,
                Some(Ears {
                    tell,
                    own: self.node.clone(),
                }),
            )
            .ok()?;
        wait(client.batch_execute("listen kandeng_ledger")).ok()?;
        Some((client, heard))
    }
}

impl Watch for Listener {
    fn wait(&mut self, most: Duration) {
        if self.heard.is_none() {
            self.heard = self.listen();
            // What was appended before this moment was not heard of, so the caller looks at once.
            if self.heard.is_some() {
                return;
            }
        }
        match &self.heard {
            None => std::thread::sleep(most),
            Some((_, heard)) => match heard.recv_timeout(most) {
                // One look serves for all that were heard.
                Ok(()) => while heard.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.heard = None;
                    std::thread::sleep(most);
                }
            },
        }
    }
}
