//! What pages work with.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::watch;

use super::Problem;
use crate::account::{People, Viewer};
use crate::authority::{Action, Authority, Resource};
use crate::context::Context;
use crate::jurisdiction::Divisions;
use crate::platform::Platform;

/// The node as pages see it.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

struct Inner {
    platform: Platform,
    people: People,
    authority: Authority,
    jurisdiction: String,
    divisions: Divisions,
    stopping: watch::Sender<bool>,
}

impl Site {
    /// Of a node for `jurisdiction`.
    pub fn new(
        platform: Platform,
        people: People,
        authority: Authority,
        jurisdiction: &str,
    ) -> Self {
        Self::with_divisions(
            platform,
            people,
            authority,
            jurisdiction,
            Divisions::default(),
        )
    }

    /// The same with the names of divisions.
    pub fn with_divisions(
        platform: Platform,
        people: People,
        authority: Authority,
        jurisdiction: &str,
        divisions: Divisions,
    ) -> Self {
        Self(Arc::new(Inner {
            platform,
            people,
            authority,
            jurisdiction: jurisdiction.to_owned(),
            divisions,
            stopping: watch::Sender::new(false),
        }))
    }

    /// Ends what would go on for as long as a page stands open.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Whether the server is stopping.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }

    /// How divisions are called.
    pub fn divisions(&self) -> &Divisions {
        &self.0.divisions
    }

    /// Today, on a calendar in China: what rules and deadlines count by.
    pub fn today(&self) -> jiff::civil::Date {
        // China has one zone, eight hours ahead, all year.
        let offset = jiff::tz::Offset::constant(8);
        offset.to_datetime(self.platform().clock().now()).date()
    }

    /// The loop.
    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// Who signs in.
    pub fn people(&self) -> &People {
        &self.0.people
    }

    /// Who may do what.
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// The division code that the node is for.
    pub fn jurisdiction(&self) -> &str {
        &self.0.jurisdiction
    }

    /// The widest jurisdiction for which the viewer may do something at the desk, if any.
    pub fn widest(&self, viewer: &Viewer, action: Action) -> Option<Resource> {
        self.widest_for(viewer, action, Resource::desk)
    }

    /// The widest jurisdiction for which the viewer may do something to what `of` makes there, if any.
    pub fn widest_for(
        &self,
        viewer: &Viewer,
        action: Action,
        of: impl Fn(&str) -> Resource,
    ) -> Option<Resource> {
        let mut codes: Vec<&str> = viewer
            .grants
            .iter()
            .map(|grant| grant.jurisdiction.as_str())
            .collect();
        codes.sort_by_key(|code| (code.len(), *code));
        codes
            .into_iter()
            .map(of)
            .find(|resource| self.authority().may(viewer, action, resource))
    }

    /// The jurisdictions in which the viewer may do something to what `of` makes there: those of their roles, none of them
    /// within another.
    pub fn places_for(
        &self,
        viewer: &Viewer,
        action: Action,
        of: impl Fn(&str) -> Resource,
    ) -> Vec<String> {
        let mut codes: Vec<String> = viewer
            .grants
            .iter()
            .map(|grant| grant.jurisdiction.clone())
            .filter(|code| self.authority().may(viewer, action, &of(code)))
            .collect();
        // What a code holds comes right behind it.
        codes.sort();
        codes.dedup_by(|code, before| code.starts_with(before.as_str()));
        codes
    }

    /// A command of the viewer's, now, for a jurisdiction.
    pub fn context(&self, viewer: &Viewer, jurisdiction: &str) -> Context {
        Context {
            actor: viewer.account,
            jurisdiction: jurisdiction.to_owned(),
            at: self.platform().clock().now(),
            language: viewer.language,
            command: None,
        }
    }

    /// What a form of the viewer's session carries, so that nobody else's page can send one.
    pub fn form_token(&self, viewer: &Viewer) -> String {
        self.platform()
            .token(&["form", &viewer.session.to_string()])
    }
}

impl<S: Sync> FromRequestParts<S> for Site {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::not_found)
    }
}
