//! Routes, each with who may use it. None can be mounted without saying so, and a test walks them all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequestParts as _, Path, Request};
use axum::handler::Handler;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};

use super::form::MOST_CARRIED;
use super::ours::{is_form, ours};
use super::room::{Writes, carry_out, is_short};
use super::{Asked, Carried, Params, Problem, Program, Site};
use crate::account::{Scope, Viewer};
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

/// The most bytes of a request, unless its route says otherwise.
pub const MOST_BYTES: usize = 1 << 20;

/// How long a request may take, from its headers to the first byte of the answer, unless its route says otherwise.
pub const MOST_TIME: Duration = Duration::from_mins(1);

/// A route as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The method.
    pub method: Method,
    /// The path, with its named parts in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// The most bytes of a request.
    pub most_bytes: usize,
    /// How long a request may take.
    pub most_time: Duration,
    /// Whether it is carried out although there is no room on the disk: it only reads, or writes next to nothing.
    pub without_room: bool,
}

/// Finds what a route is about. Nothing is the same as not being allowed: nobody learns that there is something.
type Find = Arc<
    dyn Fn(&Site, &Viewer, &Params) -> Result<Option<Resource>, Problem> + Send + Sync + 'static,
>;

/// Routes of a scene or of the server.
#[derive(Default)]
pub struct Routes(Vec<(Declared, MethodRouter)>);

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
        route: MethodRouter,
    ) -> Self {
        let declared = Declared {
            path,
            access,
            most_bytes: MOST_BYTES,
            most_time: MOST_TIME,
            without_room: method.is_safe(),
            method,
        };
        self.0.push((declared, route));
        self
    }

    /// Of the route that was declared last: the most bytes of a request and how long it may take. For uploads, over
    /// a poor connection too.
    #[must_use]
    pub fn up_to(mut self, bytes: usize, time: Duration) -> Self {
        if let Some((declared, _)) = self.0.last_mut() {
            declared.most_bytes = bytes;
            declared.most_time = time;
        }
        self
    }

    /// Of the route that was declared last: it is carried out although there is no room on the disk. For what writes
    /// next to nothing: signing in and out, and why somebody reads.
    #[must_use]
    pub fn without_room(mut self) -> Self {
        if let Some((declared, _)) = self.0.last_mut() {
            declared.without_room = true;
        }
        self
    }

    /// Of all that were declared so far: handlers find `what` among their extensions.
    #[must_use]
    pub fn with<T: Clone + Send + Sync + 'static>(self, what: T) -> Self {
        let routes = self.0.into_iter();
        let routes =
            routes.map(|(declared, route)| (declared, route.layer(Extension(what.clone()))));
        Self(routes.collect())
    }

    /// These and those of another.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// All of them, as they were declared.
    pub fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.0.iter().map(|(declared, _)| declared)
    }

    /// What answers requests. It wants a [`Site`] among their extensions, and a [`Viewer`] where somebody is signed in.
    pub fn into_router(self) -> Router {
        let routes = self.0.into_iter();
        routes.fold(Router::new(), |router, (declared, route)| {
            let most = Most(declared.most_bytes);
            let time = declared.most_time;
            let (writes, access) = (!declared.without_room, declared.access);
            let limited = from_fn(move |mut request: Request, next: Next| async move {
                if announced(&request).is_some_and(|bytes| bytes > most.0 as u64) {
                    // Before any of it is taken: whoever asks first is spared the sending.
                    return Problem::too_large().into_response();
                }
                request.extensions_mut().insert(most);
                if writes {
                    request.extensions_mut().insert(Writes);
                    // Of other routes it is said once it is known who asks, and that they may.
                    let site = request.extensions().get::<Site>();
                    if access == Access::Public && site.is_some_and(is_short) {
                        return Problem::no_room().into_response();
                    }
                }
                match tokio::time::timeout(time, next.run(request)).await {
                    Ok(response) => response,
                    Err(_) => Problem::too_slow().into_response(),
                }
            });
            let route = route
                .layer(DefaultBodyLimit::max(declared.most_bytes))
                .layer(limited);
            router.route(declared.path, route)
        })
    }
}

/// How many bytes a request says that it has.
fn announced(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// The most bytes of this request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most(pub usize);

fn filter(method: &Method) -> MethodFilter {
    // Cannot fail for the methods that pages and API use; another would never be matched.
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::TRACE)
}

/// Whoever is signed in; where nobody is, they are asked to sign in first.
async fn viewer_of(request: Request) -> Result<(Viewer, Site, Request), Response> {
    let extensions = request.extensions();
    let (viewer, site) = (extensions.get::<Viewer>(), extensions.get::<Site>());
    match (viewer.cloned(), site.cloned()) {
        (Some(viewer), Some(site)) => Ok((viewer, site, request)),
        (None, _) => Err(sign_in_first(request).await),
        (Some(_), None) => Err(Problem::not_found().into_response()),
    }
}

/// Refuses what would change something and was not sent by one of our pages, or by a program that may.
async fn meant(
    site: &Site,
    viewer: &Viewer,
    needed: Option<Scope>,
    request: Request,
) -> Result<Request, Response> {
    if request.method().is_safe() {
        return Ok(request);
    }
    match request.extensions().get::<Program>() {
        Some(program) if needed.is_some_and(|scope| program.scopes.contains(&scope)) => Ok(request),
        Some(_) => Err(Problem::beyond_scope(needed).into_response()),
        None => ours(&site.form_token(viewer), request).await,
    }
}

async fn signed_in(request: Request, next: Next) -> Response {
    let (viewer, site, request) = match viewer_of(request).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    // One's own account is a person's to change, and no program's.
    match meant(&site, &viewer, None, request).await {
        Ok(request) => carry_out(&site, request, next).await,
        Err(response) => response,
    }
}

async fn ask(action: Action, find: &Find, request: Request, next: Next) -> Response {
    let (viewer, site, request) = match viewer_of(request).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (mut parts, body) = request.into_parts();
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
    let request = Request::from_parts(parts, body);
    let mut request = match meant(&site, &viewer, action.scope(), request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    request.extensions_mut().insert(Asked {
        viewer,
        resource,
        params,
    });
    carry_out(&site, request, next).await
}

/// Asks to sign in first; what a form sent is kept for afterwards.
async fn sign_in_first(request: Request<Body>) -> Response {
    let mut response = Problem::signed_out().into_response();
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST && is_form(&parts.headers) {
        // What is larger is not carried: the browser still has it.
        if let Ok(bytes) = axum::body::to_bytes(body, MOST_CARRIED).await {
            let to = parts.uri.path().to_owned();
            response.extensions_mut().insert(Carried::of(to, &bytes));
        }
    }
    response
}
