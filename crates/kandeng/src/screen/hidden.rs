//! Numbers of people in contracting data, which nobody hashed while reading: replaced before results are written.
//! A county's filings come in hashed already (`import/identity.rs`).

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

use kandeng_screening::{Figure, Finding};
use kandeng_supervise::import::{IdentityKey, residents_hashed, residents_masked};

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

    /// A finding without numbers of people.
    pub(super) fn hide(&self, finding: &mut Finding) {
        for text in [
            &mut finding.subject,
            &mut finding.key,
            &mut finding.says.zh,
            &mut finding.says.en,
        ]
        .into_iter()
        .chain(&mut finding.related)
        {
            self.hide_text(text);
        }
        for (_, figure) in &mut finding.figures {
            self.hide_figure(figure);
        }
    }

    fn hide_figure(&self, figure: &mut Figure) {
        match figure {
            Figure::Text(text) => self.hide_text(text),
            Figure::List(figures) => figures
                .iter_mut()
                .for_each(|figure| self.hide_figure(figure)),
            _ => {}
        }
    }

    fn hide_text(&self, text: &mut String) {
        let Cow::Owned(masked) = residents_masked(text) else {
            return;
        };
        // Without a key two people may look alike, but neither is named.
        *text = match self.key() {
            Some(key) => residents_hashed(text, key).into_owned(),
            None => masked,
        };
    }

    fn key(&self) -> Option<&IdentityKey> {
        let load = || IdentityKey::load_or_create(self.path.as_ref()?).ok();
        self.key.get_or_init(load).as_ref()
    }
}
