//! `kandeng screen … --into DIR`: what was found becomes flags of a node. A flag is appended only when it changed,
//! so that the same input again appends nothing.

use std::collections::BTreeMap;
use std::path::Path;

use kandeng_ledger::StoreError;
use kandeng_platform::flag::{Found, RuleRun, Sweep, Swept};
use kandeng_platform::node::{Node, NodeError, Opening};
use kandeng_platform::{Clock as _, Context, SystemClock};
use kandeng_screening::{Answer, Finding};
use serde_json::Value;

use super::Screened;
use super::personal::conceal;
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

/// A node that was opened before anything is read, so that a folder that is none is told at once.
pub(super) struct Into {
    node: Node,
}

impl Into {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            node: Node::open(folder, Opening::default())?,
        })
    }

    /// Appends what changed, publishes, and says what was raised, changed and cleared.
    pub(super) fn take(self, screened: &Screened, words: Words) -> Result<(), Failure> {
        let runs = self.runs(screened);
        let jurisdiction = self.node.folder.config.jurisdiction.clone();
        let cx = Context {
            jurisdiction,
            ..Context::of_the_platform(SystemClock.now())
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| NodeError::from(machine(&error)))?;
        let waiting = bar(runs.len() as u64, words.say("progress-into"));
        let swept = runtime.block_on(Sweep::new(&self.node.platform).take(&runs, &cx));
        waiting.finish_and_clear();
        let swept = swept.map_err(NodeError::from)?;
        self.node.publish()?;
        let folder = self.node.folder.path().display().to_string();
        self.node.close();
        tell(&folder, &swept, words)
    }
}
