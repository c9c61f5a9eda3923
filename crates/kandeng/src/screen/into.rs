//! `kandeng screen … --into DIR`: what was found becomes flags of a node. A flag is appended only when it changed,
//! so that the same input again appends nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kandeng_ledger::Recorded;
use kandeng_platform::flag::Sweep;
use kandeng_platform::node::{Node, NodeError};
use kandeng_platform::{Clock as _, Context, SystemClock};
use kandeng_supervise::watch;

use super::Screened;
use crate::failure::Failure;
use crate::language::Words;

/// How long publication is waited for.
const PUBLISH: Duration = Duration::from_secs(10);

/// Events that are counted at once.
const PAGE: usize = 1_000;

/// A node that was opened before anything is read, so that a folder that is none is told at once.
pub(super) struct Into {
    node: Node,
}

impl Into {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            node: Node::open(folder, crate::node::scenes::opening())?,
        })
    }

    /// Appends what changed, publishes, and says what was raised, changed and cleared.
    pub(super) fn take(self, screened: &Screened, words: Words) -> Result<(), Failure> {
        let jurisdiction = self.node.folder.config.jurisdiction.clone();
        let cx = Context {
            jurisdiction,
            ..Context::of_the_platform(SystemClock.now())
        };
        let before = self.size();
        let runs = watch::runs(
            &self.node.platform,
            &screened.outcome,
            screened.findings(),
            &screened.confided,
        )
        .map_err(NodeError::from)?;
        let runtime = crate::node::runtime()?;
        let swept = runtime
            .block_on(Sweep::new(&self.node.platform).take(&runs, &cx))
            .map_err(NodeError::from)?;
        let published = self.node.published(PUBLISH);
        let counted = self.counted(before)?;
        let folder = self.node.folder.path().display().to_string();
        self.node.close();
        // On stderr, so that a result on stdout stays one.
        crate::complain(&words.say_with(
            "into-done",
            &[
                ("dir", folder),
                ("seen", swept.seen.to_string()),
                ("raised", of(&counted, "flag-raised")),
                ("changed", of(&counted, "flag-changed")),
                ("rules", of(&counted, "flag-rule-changed")),
                ("cleared", of(&counted, "flag-cleared")),
                ("na", of(&counted, "flag-not-applicable")),
            ],
        ));
        // It is appended all the same, and published by whoever opens the node next.
        if let Err(problem) = published {
            let problem = problem.text();
            let problem = words.pick(&problem.zh, &problem.en).to_owned();
            crate::complain(&words.say_with("warning", &[("problem", problem)]));
        }
        if swept.left_out > 0 {
            let problem = words.say_with("into-left-out", &[("count", swept.left_out.to_string())]);
            crate::complain(&words.say_with("warning", &[("problem", problem)]));
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        let newest = self.node.platform.ledger().checkpoint();
        newest.map_or(0, |checkpoint| checkpoint.size)
    }

    /// What was appended since, by kind of event.
    fn counted(&self, before: u64) -> Result<BTreeMap<String, u64>, Failure> {
        let mut counted = BTreeMap::new();
        let mut position = before;
        loop {
            let page = self.node.platform.ledger().read_from(position, PAGE)?;
            if page.is_empty() {
                return Ok(counted);
            }
            position += page.len() as u64;
            for kind in page.into_iter().filter_map(kind) {
                *counted.entry(kind).or_default() += 1;
            }
        }
    }
}

fn kind(event: Recorded) -> Option<String> {
    Some(event.envelope?.kind)
}

fn of(counted: &BTreeMap<String, u64>, kind: &str) -> String {
    counted.get(kind).copied().unwrap_or(0).to_string()
}
