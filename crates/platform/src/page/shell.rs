//! The frame around every page.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Site, Words, moment};
use crate::account::Viewer;

/// An entry of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// How many wait there, where somebody waits.
    pub count: Option<u64>,
}

/// What the server knows for the frame of every page of a request.
#[derive(Clone, Default)]
pub struct Frame {
    /// The stylesheet's address.
    pub style: &'static str,
    /// The script's address, where there is one. Pages work without it.
    pub script: Option<&'static str>,
    /// The navigation.
    pub entries: Arc<[Entry]>,
    /// The path of the request, with its query.
    pub path: String,
    /// The key of something to be told, once.
    pub flash: Option<String>,
    /// Whether one may sign in with a passkey.
    pub passkeys: bool,
    /// Whether nothing is written for want of room on the disk.
    pub no_room: bool,
    /// What the clock shows and what the ledger has seen, for whoever minds the machine, where the clock lies behind.
    pub clock: Option<(Timestamp, Timestamp)>,
}

/// The frame of one page.
pub struct Shell {
    /// The words of the page.
    pub words: Words,
    /// Its title.
    pub title: String,
    /// The stylesheet's address.
    pub style: &'static str,
    /// The script's address, where there is one.
    pub script: Option<&'static str>,
    /// The navigation; empty where nobody is signed in.
    pub entries: Arc<[Entry]>,
    /// The name of whoever is signed in.
    pub name: Option<String>,
    /// Where they work: the widest of their jurisdictions, or that of the node.
    pub jurisdiction: String,
    /// What forms carry.
    pub form_token: String,
    /// The path of the request, with its query.
    pub path: String,
    /// Something to be told, once.
    pub flash: Option<String>,
    /// Whether nothing is written for want of room on the disk.
    pub no_room: bool,
    /// That the clock lies behind what the ledger has seen.
    pub clock: Option<String>,
}

impl Shell {
    /// Whether one is there, or below it.
    pub fn is_at(&self, entry: &Entry) -> bool {
        let below = self.path.strip_prefix(&*entry.href);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }

    /// The frame of a page for nobody in particular.
    pub fn public(frame: Frame, words: Words, title: String) -> Self {
        Self {
            words,
            title,
            style: frame.style,
            script: frame.script,
            entries: Arc::default(),
            name: None,
            jurisdiction: String::new(),
            form_token: String::new(),
            path: frame.path,
            no_room: frame.no_room,
            clock: frame.clock.map(|(now, latest)| {
                let [now, latest] = [now, latest].map(|at| moment(at.as_millisecond()));
                words.say_with("clock-behind", &[("now", now), ("latest", latest)])
            }),
            // A key that nobody knows has no text: the cookie did not come from us.
            flash: frame
                .flash
                .and_then(|key| words.known(&format!("done-{key}"))),
        }
    }

    /// The frame of a page for somebody who is signed in.
    pub fn of(site: &Site, viewer: &Viewer, frame: Frame, words: Words, title: String) -> Self {
        let places = viewer.grants.iter().map(|grant| &grant.jurisdiction);
        let widest = places.min_by_key(|code| (code.len(), code.as_str()));
        Self {
            jurisdiction: site
                .divisions()
                .name(widest.map_or(site.jurisdiction(), String::as_str))
                .to_owned(),
            name: site.people().name(viewer.account).ok().flatten(),
            form_token: site.form_token(viewer),
            entries: Arc::clone(&frame.entries),
            ..Self::public(frame, words, title)
        }
    }
}
