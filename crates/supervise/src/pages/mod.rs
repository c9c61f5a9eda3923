//! The scene's pages. Each is a plain page first: it works without JavaScript, and a form that is refused comes back
//! with what was typed.

mod project;
mod projects;
mod words;

use kandeng_platform::page::Routes;

pub(crate) use words::words;

pub(crate) fn routes() -> Routes {
    projects::routes().and(project::routes())
}
