//! Routes, each with who may use it. None can be mounted without saying so, and a test walks them all.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, Path, Request};
use axum::handler::Handler;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, on};

use super::form::MOST_CARRIED;
use super::{Asked, Carried, Params, Problem, Site};
use crate::account::Viewer;
use crate::authority::{Action, Resource};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever is signed in, for their own account.
    SignedIn,
    /// Whoever may do that to what the route is about.
    Asks(Action),
}

/// A route as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The method.
    pub method: Method,
    /// The path, with its named parts in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Finds what a route is about. Nothing is the same as not being allowed: nobody learns that there is something.
type Find = Arc<
    dyn Fn(&Site, &Viewer, &Params) -> Result<Option<Resource>, Problem> + Send + Sync + 'static,
>;

/// Routes of a scene or of the server.
#[derive(Default)]
pub struct Routes {
    declared: Vec<Declared>,
    router: Router,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A route for anybody.
    #[must_use]
    pub fn public<H, T>(self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let route = on(filter(&method), handler);
        self.mount(method, path, Access::Public, route)
    }

    /// A route for whoever is signed in, about nothing but their own account.
    #[must_use]
    pub fn signed_in<H, T>(self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let route = on(filter(&method), handler).layer(from_fn(signed_in));
        self.mount(method, path, Access::SignedIn, route)
    }

    /// A route for whoever may do `action` to what `find` finds.
    #[must_use]
    pub fn asks<H, T, F>(
        self,
        method: Method,
        path: &'static str,
        action: Action,
        find: F,
        handler: H,
    ) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
        F: Fn(&Site, &Viewer, &Params) -> Result<Option<Resource>, Problem> + Send + Sync + 'static,
    {
        let find: Find = Arc::new(find);
        let guard = from_fn(move |request: Request, next: Next| {
            let find = Arc::clone(&find);
            async move { ask(action, &find, request, next).await }
        });
        let route = on(filter(&method), handler).layer(guard);
        self.mount(method, path, Access::Asks(action), route)
    }

    fn mount(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        route: axum::routing::MethodRouter,
    ) -> Self {
        self.router = self.router.route(path, route);
        self.declared.push(Declared {
            method,
            path,
            access,
        });
        self
    }

    /// These and those of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.declared.extend(other.declared);
        self
    }

    /// All of them, as they were declared.
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }

    /// What answers requests. It wants a [`Site`] among their extensions, and a [`Viewer`] where somebody is signed in.
    pub fn into_router(self) -> Router {
        self.router
    }
}

fn filter(method: &Method) -> MethodFilter {
    // Cannot fail for the methods that pages and API use; another would never be matched.
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::TRACE)
}

async fn signed_in(request: Request, next: Next) -> Response {
    if request.extensions().get::<Viewer>().is_some() {
        return next.run(request).await;
    }
    sign_in_first(request).await
}

async fn ask(action: Action, find: &Find, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(viewer) = parts.extensions.get::<Viewer>().cloned() else {
        return sign_in_first(Request::from_parts(parts, body)).await;
    };
    let Some(site) = parts.extensions.get::<Site>().cloned() else {
        return Problem::not_found().into_response();
    };
    let params = match Path::from_request_parts(&mut parts, &()).await {
        Ok(Path(params)) => Params(params),
        Err(_) => return Problem::not_found().into_response(),
    };
    let resource = match find(&site, &viewer, &params) {
        Ok(Some(resource)) => resource,
        Ok(None) => return Problem::not_found().into_response(),
        Err(problem) => return problem.into_response(),
    };
    if !site.authority().may(&viewer, action, &resource) {
        return Problem::not_found().into_response();
    }
    parts.extensions.insert(Asked {
        viewer,
        resource,
        params,
    });
    next.run(Request::from_parts(parts, body)).await
}

/// Asks to sign in first; what a form sent is kept for afterwards.
async fn sign_in_first(request: Request<Body>) -> Response {
    let mut response = Problem::signed_out().into_response();
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let is_form = kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if parts.method == Method::POST && is_form {
        // What is larger is not carried: the browser still has it.
        if let Ok(bytes) = axum::body::to_bytes(body, MOST_CARRIED).await {
            let to = parts.uri.path().to_owned();
            response.extensions_mut().insert(Carried::of(to, &bytes));
        }
    }
    response
}
