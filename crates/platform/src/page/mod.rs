//! What every page is made of: routes that say who may use them, forms, answers when something is wrong, the frame.
//!
//! A scene mounts its pages by [`Routes`]; the server puts the frame around them. Nothing here knows what a page is
//! about.

mod asked;
mod flash;
mod form;
mod format;
mod html;
mod ours;
mod part;
mod problem;
mod room;
mod routes;
mod shell;
mod site;
mod words;

pub use asked::{Asked, Params, Program};
pub use flash::{FLASH, told};
pub use form::{Carried, Form, Nothing, Sent, TOKEN};
pub use format::{area, day, moment, money};
pub use html::{Shown, html, shown_as_it_is};
pub use ours::TOKEN_HEADER;
pub use part::{Part, framed};
pub use problem::Problem;
pub use routes::{Access, Declared, MOST_BYTES, MOST_TIME, Routes};
pub use shell::{Entry, Frame, Shell};
pub use site::Site;
pub use words::Words;
