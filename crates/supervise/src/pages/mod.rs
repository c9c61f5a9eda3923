//! The scene's pages. Each is a plain page first: it works without JavaScript, and a form that is refused comes back
//! with what was typed.

mod alike;
pub(crate) mod arrived;
pub(crate) mod cases;
mod declaration;
pub(crate) mod desk;
pub(crate) mod export;
pub(crate) mod import;
mod live;
pub(crate) mod numbers;
pub(crate) mod project;
pub(crate) mod projects;
pub(crate) mod questions;
pub(crate) mod reading;
pub(crate) mod registers;
pub(crate) mod rules;
pub(crate) mod telling;
mod words;

use kandeng_platform::page::Routes;

pub(crate) use desk::counts::Counts;
pub(crate) use desk::queue::Queue;
pub(crate) use import::Waiting;
pub(crate) use project::Pages as ProjectPages;
pub(crate) use questions::{has_any as has_questions, waiting as waiting_questions};
pub(crate) use registers::sees as sees_registers;
pub(crate) use words::{both, words};

pub(crate) fn routes() -> Routes {
    desk::routes()
        .and(cases::routes())
        .and(questions::routes())
        .and(projects::routes())
        .and(project::routes())
        .and(import::routes())
        .and(export::routes())
        .and(declaration::routes())
        .and(rules::routes())
        .and(registers::routes())
        .and(live::routes())
        .and(numbers::routes())
}
