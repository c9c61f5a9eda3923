//! The frame around every page.

use super::{Site, Words};
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
    /// Whether this is where one is.
    pub current: bool,
}

/// What the server knows for the frame of every page of a request.
#[derive(Clone, Default)]
pub struct Frame {
    /// The stylesheet's address.
    pub style: String,
    /// The navigation.
    pub entries: Vec<Entry>,
    /// The path of the request.
    pub path: String,
}

/// The frame of one page.
pub struct Shell {
    /// The words of the page.
    pub words: Words,
    /// Its title.
    pub title: String,
    /// The stylesheet's address.
    pub style: String,
    /// The navigation; empty where nobody is signed in.
    pub entries: Vec<Entry>,
    /// The name of whoever is signed in.
    pub name: Option<String>,
    /// What forms carry.
    pub form_token: String,
    /// The path of the request.
    pub path: String,
    /// Something to be told, once.
    pub flash: Option<String>,
}

impl Shell {
    /// The frame of a page for nobody in particular.
    pub fn public(frame: Frame, words: Words, title: String) -> Self {
        Self {
            words,
            title,
            style: frame.style,
            entries: Vec::new(),
            name: None,
            form_token: String::new(),
            path: frame.path,
            flash: None,
        }
    }

    /// The frame of a page for somebody who is signed in.
    pub fn of(site: &Site, viewer: &Viewer, frame: Frame, words: Words, title: String) -> Self {
        Self {
            name: site.people().name(viewer.account).ok().flatten(),
            form_token: site.form_token(viewer),
            entries: frame.entries.clone(),
            ..Self::public(frame, words, title)
        }
    }
}
