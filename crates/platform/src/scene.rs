//! A scene, as the platform meets it: its events, its tables, what it does when something is missed, its pages.
//!
//! Adding a scene is adding a crate and one line where scenes are listed; taking it away is deleting both.

use std::collections::BTreeMap;
use std::pin::Pin;

use crate::account::Viewer;
use crate::kinds::EventKinds;
use crate::page::{Entry, Routes, Site};
use crate::platform::{CommandError, FollowUp};
use crate::read_model::Tables;

/// Something that a scene does for as long as the node runs.
pub type Work = Pin<Box<dyn Future<Output = Result<(), CommandError>> + Send>>;

/// A scene.
pub trait Scene: Send + Sync {
    /// A name that no other has, such as `supervise`.
    fn name(&self) -> &'static str;

    /// The kinds of events that it writes and must read for ever.
    fn event_kinds(&self) -> Vec<EventKinds>;

    /// Its tables in the read model.
    fn tables(&self) -> Vec<Box<dyn Tables>>;

    /// What is done when its deadlines are missed, by name.
    fn follow_ups(&self) -> BTreeMap<String, FollowUp> {
        BTreeMap::new()
    }

    /// What it does for as long as the node runs, such as screening. It ends when the ledger is closed; an error ends
    /// the node, which is started again.
    fn work(&self, site: Site) -> Vec<Work> {
        let _ = site;
        Vec::new()
    }

    /// Its pages and its API, each with who may use it.
    fn routes(&self) -> Routes;

    /// Its part of the API's document, as OpenAPI 3.1: `paths` and `components`, with what is meant for people in both
    /// languages (`中文 / English`). Every route of its own below `/api/`
    /// stands in it; a test of the server compares.
    fn api(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Its places in the navigation, for somebody: those that they may go to.
    fn entries(&self, site: &Site, viewer: &Viewer) -> Vec<Entry>;
}
