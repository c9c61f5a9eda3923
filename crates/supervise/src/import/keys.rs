//! The keys that hashes were made with: those of one key compare with one another, others never do.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use kandeng_screening::Text;

use super::identity::key_of;
use crate::diagnostic::Diagnostic;

/// Ids of the keys seen in sheets, and in files on disk as far as they were read.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ids: Mutex<BTreeSet<String>>,
}

impl Keys {
    /// Notes the keys of hashes.
    pub fn note<'h>(&self, hashes: impl Iterator<Item = &'h str>) {
        let mut last = "";
        for id in hashes.filter_map(key_of) {
            if id == last {
                continue;
            }
            last = id;
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            if !ids.contains(id) {
                ids.insert(id.to_owned());
            }
        }
    }

    /// What to tell when there are several.
    pub fn diagnostic(&self, file: &str) -> Option<Diagnostic> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < 2 {
            return None;
        }
        let ids = ids.iter().cloned().collect::<Vec<_>>().join(", ");
        Some(Diagnostic::warning(
            file,
            Text::new(
                format!("证件号的哈希来自不同密钥({ids}),彼此无法比对;请用同一密钥重新生成"),
                format!(
                    "hashes were made with different keys ({ids}) and cannot be compared with one another; make them anew with one key"
                ),
            ),
        ))
    }
}
