//! What every page is made of: routes that say who may use them, forms, answers when something is wrong, the frame.
//!
//! A scene mounts its pages by [`Routes`]; the server puts the frame around them. Nothing here knows what a page is
//! about.

mod asked;
mod form;
mod format;
mod problem;
mod routes;
mod shell;
mod site;
mod words;

pub use asked::{Asked, Params};
pub use form::{Carried, Form, Nothing};
pub use format::{day, moment, money};
pub use problem::Problem;
pub use routes::{Access, Declared, Routes};
pub use shell::{Entry, Frame, Shell};
pub use site::Site;
pub use words::Words;
