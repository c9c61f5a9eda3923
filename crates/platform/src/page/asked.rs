//! What a handler gets once authority has said yes.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use uuid::Uuid;

use super::Problem;
use crate::account::{Scopes, Viewer};
use crate::authority::Resource;

/// The named parts of a path.
#[derive(Clone, Debug, Default)]
pub struct Params(pub(super) HashMap<String, String>);

impl Params {
    /// The part of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The part of that name, where it is an id.
    pub fn id(&self, name: &str) -> Option<Uuid> {
        self.get(name).and_then(|id| Uuid::try_parse(id).ok())
    }
}

/// Somebody who may do what the route asked for, to that.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who.
    pub viewer: Viewer,
    /// To what.
    pub resource: Resource,
    /// The named parts of the path.
    pub params: Params,
}

/// Put among the extensions of a request that a program sent, with a token of somebody's instead of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it may change; nothing where it reads only.
    pub scopes: Scopes,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Cannot be missing where the route was declared to ask.
        let asked = parts.extensions.get::<Self>().cloned();
        asked.ok_or_else(Problem::not_found)
    }
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let viewer = parts.extensions.get::<Self>().cloned();
        viewer.ok_or_else(Problem::signed_out)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
