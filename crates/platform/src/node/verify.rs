//! Verifying a node, also while somebody appends to it: the ledger to its newest checkpoint, what was published,
//! and the files that entries name.

use std::path::PathBuf;

use kandeng_ledger::{
    Checkpoint, Checks, EvidenceFolder, Fault, Folder as Published, PublishError, Report, Wrong,
    verify_with,
};

use super::{Folder, NodeError};

/// What was looked at and found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeReport {
    /// The ledger, with the files that entries name.
    pub ledger: Report,
    /// Files of evidence that are what their names say, whoever names them.
    pub evidence: usize,
    /// Entries under the checkpoint that stands in the second place, which this ledger continues.
    pub published: Option<u64>,
    /// Of a backup: entries that stand in the second place by now, because the ledger has gone on.
    pub gone_on: Option<u64>,
}

/// The first thing that is wrong with a node.
#[derive(Debug)]
pub enum NodeWrong {
    /// In the ledger, or in a file that an entry names.
    Ledger(Wrong),
    /// The ledger is no continuation of what was published.
    Published(PublishError),
    /// A file that no entry names is not what its name says.
    Changed(PathBuf),
}

impl NodeWrong {
    /// The first entry concerned, if one is.
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::Ledger(wrong) => Some(wrong.position),
            Self::Published(_) | Self::Changed(_) => None,
        }
    }
}

impl Folder {
    /// Verifies everything. `earlier` are checkpoints that somebody kept, of this origin or of older ones;
    /// `progress` is told the entries done and their number.
    ///
    /// # Errors
    /// When something cannot be looked at; what is wrong is an answer, the first thing of it.
    pub fn verify(
        &self,
        earlier: &[Checkpoint],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Result<NodeReport, NodeWrong>, NodeError> {
        let trust = self.trust()?;
        let mut reader = self.reader()?;
        let began = reader.checkpoint()?;
        let mut files = EvidenceFolder::new(self.evidence().folder());
        let checks = Checks {
            earlier,
            evidence: Some(&mut files),
        };
        let report = match verify_with(reader.as_mut(), &trust, checks, progress) {
            Ok(report) => report,
            // A part that was erased while this went on: the event that says so is further on.
            Err(Wrong {
                fault: Fault::Lost(_),
                ..
            }) if reader.checkpoint()? != began => return self.verify(earlier, progress),
            Err(wrong) => return Ok(Err(NodeWrong::Ledger(wrong))),
        };
        let (mut published, mut gone_on) = (None, None);
        if let Some(second) = self.second_place() {
            match Published::new(second).check(reader.as_mut(), &trust) {
                Ok(theirs) => published = theirs.map(|theirs| theirs.size),
                Err(PublishError::Behind { theirs, .. }) if self.is_backup() => {
                    gone_on = Some(theirs);
                }
                Err(wrong @ (PublishError::Behind { .. } | PublishError::Forked { .. })) => {
                    return Ok(Err(NodeWrong::Published(wrong)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let evidence = self.evidence();
        let all = evidence.list()?;
        for digits in &all {
            if let Some(changed) = evidence.check(digits)? {
                return Ok(Err(NodeWrong::Changed(changed.path)));
            }
        }
        Ok(Ok(NodeReport {
            ledger: report,
            evidence: all.len(),
            published,
            gone_on,
        }))
    }
}
