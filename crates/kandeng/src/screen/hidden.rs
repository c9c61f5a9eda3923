//! Numbers of people in contracting data, which nobody hashed while reading: replaced before results are written.
//! A county's filings come in hashed already (`import/identity.rs`).

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

use kandeng_screening::{Figure, Finding};
use kandeng_supervise::import::{IdentityKey, residents_hashed, residents_masked};
use sha2::{Digest, Sha256};

/// Hashes under the county's key, which is read, or made, when the first number is met and not before.
#[derive(Default)]
pub(super) struct Hider {
    path: Option<PathBuf>,
    key: OnceLock<Option<IdentityKey>>,
}

impl Hider {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            key: OnceLock::new(),
        }
    }

    /// A finding without numbers of people. Its fingerprint is then one of the key's as well: of a plain
    /// hash the number could be found again by trying all that there are.
    pub(super) fn hide(&self, finding: &mut Finding) {
        let mut is_hidden = false;
        for text in [
            &mut finding.subject,
            &mut finding.key,
            &mut finding.says.zh,
            &mut finding.says.en,
        ]
        .into_iter()
        .chain(&mut finding.related)
        {
            is_hidden |= self.hide_text(text);
        }
        for (_, figure) in &mut finding.figures {
            is_hidden |= self.hide_figure(figure);
        }
        if is_hidden {
            let what = match self.key() {
                Some(key) => key.seal([finding.fingerprint.as_str()]),
                None => [finding.rule.as_str(), &finding.subject, &finding.key].join("\u{1f}"),
            };
            finding.fingerprint = hex(&Sha256::digest(what));
        }
    }

    fn hide_figure(&self, figure: &mut Figure) -> bool {
        match figure {
            Figure::Text(text) => self.hide_text(text),
            Figure::List(figures) => figures.iter_mut().fold(false, |is_hidden, figure| {
                self.hide_figure(figure) | is_hidden
            }),
            _ => false,
        }
    }

    /// Whether there was something to hide.
    fn hide_text(&self, text: &mut String) -> bool {
        let Cow::Owned(masked) = residents_masked(text) else {
            return false;
        };
        // Without a key two people may look alike, but neither is named.
        *text = match self.key() {
            Some(key) => residents_hashed(text, key).into_owned(),
            None => masked,
        };
        true
    }

    fn key(&self) -> Option<&IdentityKey> {
        let load = || IdentityKey::load_or_create(self.path.as_ref()?).ok();
        self.key.get_or_init(load).as_ref()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
