//! HTTP: sessions, security headers, limits, assets, the pages that belong to no scene, and those of every scene.
//!
//! Knows scenes by the platform's trait alone.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod api;
mod assets;
mod frame;
mod gate;
mod headers;
mod health;
mod home;
mod keys;
mod language;
mod log;
mod metrics;
mod passkeys;
mod people;
mod problem;
mod reach;
mod readings;
mod serve;
mod sign_in;
mod telemetry;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use kandeng_platform::account::Passkeys;
use kandeng_platform::page::{Declared, Problem, Routes, Site};
use kandeng_platform::{Remembered, Scene};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

pub use log::{log, log_to};
pub use metrics::Metrics;
pub use reach::Reach;
pub use serve::{Listen, Listening, ServeError, Tls, serve};
pub use telemetry::{Telemetry, TelemetryError};

/// What answers requests.
pub struct Server {
    site: Site,
    scenes: Arc<[Box<dyn Scene>]>,
    reach: Reach,
    metrics: Metrics,
    passkeys: Option<passkeys::PasskeysOf>,
}

impl Server {
    /// For a node, with its scenes. One may sign in with a passkey where it is reached by a domain.
    pub fn new(site: Site, scenes: Vec<Box<dyn Scene>>, reach: Reach) -> Self {
        let passkeys = reach.party().and_then(|(party, plain)| {
            let passkeys = Passkeys::new(site.people().clone(), party, plain)?;
            Some(passkeys::PasskeysOf(Arc::new(passkeys)))
        });
        Self {
            site,
            scenes: scenes.into(),
            reach,
            metrics: Metrics::default(),
            passkeys,
        }
    }

    fn routes(&self) -> Routes {
        let mut own = sign_in::routes()
            .and(account::routes())
            .and(keys::routes())
            .and(people::routes())
            .and(readings::routes())
            .and(home::routes())
            .and(language::routes())
            .and(health::routes())
            .and(assets::routes());
        if self.passkeys.is_some() {
            own = own.and(passkeys::routes());
        }
        let scenes = self.scenes.iter().map(|scene| scene.routes());
        own.and(api::routes(&self.scenes))
            .and(scenes.fold(Routes::new(), Routes::and))
    }

    /// All routes, as they were declared.
    pub fn declared(&self) -> Vec<Declared> {
        self.routes().declared().cloned().collect()
    }

    /// What was counted since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Everything together.
    pub fn router(&self) -> Router {
        let common = frame::Common {
            site: self.site.clone(),
            scenes: Arc::clone(&self.scenes),
            reach: self.reach.clone(),
            metrics: self.metrics.clone(),
            passkeys: self.passkeys.clone(),
            entries: Arc::new(Remembered::new(frame::MOST_ENTRIES)),
        };
        self.routes()
            .into_router()
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || Problem::method())
            // From the inside out: what is nearest to the handlers comes first.
            .layer(CsrfLayer::new())
            .layer(from_fn_with_state(self.reach.clone(), reach::known))
            .layer(from_fn(problem::write))
            .layer(from_fn_with_state(common, frame::put))
            .layer(from_fn_with_state(self.reach.secure, headers::put))
            .layer(CompressionLayer::new())
    }
}
