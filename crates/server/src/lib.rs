//! HTTP: sessions, security headers, limits, assets, the pages that belong to no scene, and those of every scene.
//!
//! Knows scenes by the platform's trait alone.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod assets;
mod frame;
mod headers;
mod health;
mod home;
mod people;
mod problem;
mod serve;
mod sign_in;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use kandeng_platform::Scene;
use kandeng_platform::page::{Declared, Problem, Routes, Site};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;

pub use serve::{Listening, ServeError, Tls, serve};

/// The most bytes of a request, unless a route says otherwise.
const MOST_BYTES: usize = 2 << 20;

/// How long a request may take.
const MOST_TIME: std::time::Duration = std::time::Duration::from_mins(1);

/// What answers requests.
pub struct Server {
    site: Site,
    scenes: Arc<[Box<dyn Scene>]>,
}

impl Server {
    /// For a node, with its scenes.
    pub fn new(site: Site, scenes: Vec<Box<dyn Scene>>) -> Self {
        Self {
            site,
            scenes: scenes.into(),
        }
    }

    fn routes(&self) -> Routes {
        let own = sign_in::routes()
            .and(account::routes())
            .and(people::routes())
            .and(home::routes())
            .and(health::routes())
            .and(assets::routes());
        let scenes = self.scenes.iter().map(|scene| scene.routes());
        scenes.fold(own, Routes::and)
    }

    /// All routes, as they were declared.
    pub fn declared(&self) -> Vec<Declared> {
        self.routes().declared().to_vec()
    }

    /// Everything together. `secure` says whether browsers reach it over TLS.
    pub fn router(&self, secure: bool) -> Router {
        let context = frame::Context {
            site: self.site.clone(),
            scenes: Arc::clone(&self.scenes),
        };
        self.routes()
            .into_router()
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
            // From the inside out: what is nearest to the handlers comes first.
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .layer(CsrfLayer::new())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                MOST_TIME,
            ))
            .layer(from_fn(problem::write))
            .layer(from_fn_with_state(context, frame::put))
            .layer(from_fn_with_state(secure, headers::put))
            .layer(CompressionLayer::new())
    }
}
