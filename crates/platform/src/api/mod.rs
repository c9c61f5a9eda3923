//! Operations for programs. Each is declared once: who may use it, what it takes, what it answers. Its route, its part
//! of the document (OpenAPI 3.1) and the check of what is sent all come from that.
//!
//! Knows no scene. What is meant for people is in both languages, Chinese first: `项目 / Projects`.

mod check;
mod command;
mod document;
mod sent;
mod shape;
mod values;

use std::time::Duration;

use axum::handler::Handler;
use axum::http::Method;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::account::Viewer;
use crate::authority::{Action, Resource};
use crate::page::{MOST_TIME, Params, Problem, Routes, Site};

pub use command::{COMMAND_HEADER, CommandId, born};
pub use document::ProblemDocument;
pub use sent::{Asks, Beside, Said};
pub(crate) use shape::Shape;
pub use values::{At, Both, Done, Id};

/// The most bytes of a command, unless it says otherwise.
pub const MOST_COMMAND: usize = 64 << 10;

/// The most characters of a header of an operation's own: all of them visible ones of ASCII, and spaces.
pub const MOST_HEADER: usize = 1_000;

/// What an operation takes as its body.
#[derive(Clone)]
enum Body {
    Nothing,
    Json(Shape),
    /// A form with files in its field `file`: what they are, how many at most, and what may stand beside them.
    Form {
        about: &'static str,
        most: usize,
        beside: Option<Shape>,
    },
}

/// What an operation answers when all went well, or when it says no in a shape of its own.
#[derive(Clone)]
struct Given {
    status: u16,
    about: &'static str,
    shape: Option<Shape>,
    /// The kinds of a file; none where the answer is JSON or nothing.
    kinds: &'static [&'static str],
}

/// An operation, as it is documented.
#[derive(Clone)]
pub struct Operation {
    method: Method,
    path: &'static str,
    about: &'static str,
    asks: Option<Shape>,
    headers: Vec<(&'static str, &'static str)>,
    body: Body,
    given: Vec<Given>,
    is_command: bool,
}

impl Operation {
    /// Something that is read.
    pub fn read(path: &'static str, about: &'static str) -> Self {
        Self::new(Method::GET, path, about)
    }

    /// Something that is done, and may be sent again with the same [`COMMAND_HEADER`].
    pub fn command(path: &'static str, about: &'static str) -> Self {
        Self::new(Method::POST, path, about).repeatable()
    }

    /// It may be sent again with the same [`COMMAND_HEADER`].
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_command = true;
        self
    }

    /// An operation of any method that is no command of the ledger.
    pub fn new(method: Method, path: &'static str, about: &'static str) -> Self {
        Self {
            method,
            path,
            about,
            asks: None,
            headers: Vec::new(),
            body: Body::Nothing,
            given: Vec::new(),
            is_command: false,
        }
    }

    /// What the address may say, each field a parameter.
    #[must_use]
    pub fn asking<Q: ToSchema>(mut self) -> Self {
        self.asks = Some(Shape::of::<Q>());
        self
    }

    /// A header of its own, and what it says; it may be left out.
    #[must_use]
    pub fn heading(mut self, name: &'static str, about: &'static str) -> Self {
        self.headers.push((name, about));
        self
    }

    /// What is sent, as JSON.
    #[must_use]
    pub fn taking<B: ToSchema>(mut self) -> Self {
        self.body = Body::Json(Shape::of::<B>());
        self
    }

    /// A file that is sent in a form, as its field `file`.
    #[must_use]
    pub fn taking_file(self, about: &'static str) -> Self {
        self.taking_files(1, about)
    }

    /// Up to so many files that are sent in a form, each as a field `file`.
    #[must_use]
    pub fn taking_files(mut self, most: usize, about: &'static str) -> Self {
        self.body = Body::Form {
            about,
            most,
            beside: None,
        };
        self
    }

    /// Further fields of the form that files are sent in; read by [`Beside`].
    #[must_use]
    pub fn beside<F: ToSchema>(mut self) -> Self {
        if let Body::Form { beside, .. } = &mut self.body {
            *beside = Some(Shape::of::<F>());
        }
        self
    }

    /// What it answers, as JSON.
    #[must_use]
    pub fn giving<A: ToSchema>(mut self, status: u16, about: &'static str) -> Self {
        self.given.push(Given {
            status,
            about,
            shape: Some(Shape::of::<A>()),
            kinds: &[],
        });
        self
    }

    /// It answers that it was done, and nothing more.
    #[must_use]
    pub fn giving_nothing(mut self, about: &'static str) -> Self {
        self.given.push(Given {
            status: 204,
            about,
            shape: None,
            kinds: &[],
        });
        self
    }

    /// It answers a file of one of those kinds.
    #[must_use]
    pub fn giving_file(mut self, kinds: &'static [&'static str], about: &'static str) -> Self {
        self.given.push(Given {
            status: 200,
            about,
            shape: None,
            kinds,
        });
        self
    }

    /// What its handler finds among the extensions, to check what was sent.
    fn expected(&self) -> Expected {
        Expected {
            asks: self.asks.clone(),
            body: match &self.body {
                Body::Json(shape) => Some(shape.clone()),
                Body::Form { beside, .. } => beside.clone(),
                Body::Nothing => None,
            },
        }
    }
}

/// What an operation expects to be asked and sent.
#[derive(Clone)]
struct Expected {
    asks: Option<Shape>,
    body: Option<Shape>,
}

/// Operations, each with who may use it.
#[derive(Default)]
pub struct Operations {
    routes: Routes,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    /// Names that two shapes have.
    clashes: Vec<String>,
}

impl Operations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One for whoever may do `action` to what `find` finds.
    #[must_use]
    pub fn asks<H, T, F>(self, operation: Operation, action: Action, find: F, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
        F: Fn(&Site, &Viewer, &Params) -> Result<Option<Resource>, Problem> + Send + Sync + 'static,
    {
        let (method, path) = (operation.method.clone(), operation.path);
        let route = Routes::new().asks(method, path, action, find, handler);
        self.put(&operation, route, Some(action))
    }

    /// One for whoever is signed in, about their own account alone.
    #[must_use]
    pub fn signed_in<H, T>(self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        let (method, path) = (operation.method.clone(), operation.path);
        let route = Routes::new().signed_in(method, path, handler);
        self.put(&operation, route, None)
    }

    fn put(mut self, operation: &Operation, route: Routes, action: Option<Action>) -> Self {
        let route = route.up_to(MOST_COMMAND, MOST_TIME);
        self.routes = self.routes.and(route.with(operation.expected()));
        let shapes = operation.asks.iter();
        let body = match &operation.body {
            Body::Json(shape) => Some(shape),
            Body::Form { beside, .. } => beside.as_ref(),
            Body::Nothing => None,
        };
        let given = operation.given.iter().filter_map(|one| one.shape.as_ref());
        for shape in shapes.chain(body).chain(given) {
            for (name, schema) in shape.components() {
                self.name(name, schema);
            }
        }
        let item = self.paths.entry(operation.path).or_insert(json!({}));
        item[operation.method.as_str().to_lowercase()] = operation.document(action);
        self
    }

    /// The same name is the same shape: where it is not, a test says so.
    fn name(&mut self, name: String, schema: Value) {
        match self.schemas.get(&name) {
            Some(known) if *known != schema => self.clashes.push(name),
            _ => {
                self.schemas.insert(name, schema);
            }
        }
    }

    /// Names that two shapes have, of which the document could show one alone.
    pub fn clashes(&self) -> &[String] {
        &self.clashes
    }

    /// Of the one that was declared last: the most bytes of a request and how long it may take.
    #[must_use]
    pub fn up_to(mut self, bytes: usize, time: Duration) -> Self {
        self.routes = self.routes.up_to(bytes, time);
        self
    }

    /// These and those of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.routes = self.routes.and(other.routes);
        for (path, item) in other.paths {
            let known = self.paths.entry(path).or_insert(json!({}));
            for (method, operation) in item.as_object().into_iter().flatten() {
                known[method] = operation.clone();
            }
        }
        for (name, schema) in other.schemas {
            self.name(name, schema);
        }
        self.clashes.extend(other.clashes);
        self
    }

    /// What answers them.
    pub fn routes(self) -> Routes {
        self.routes
    }

    /// Their part of the document: paths and components.
    pub fn document(&self) -> Value {
        json!({
            "paths": self.paths,
            "components": { "schemas": self.schemas },
        })
    }
}
