//! The part of a page within its frame, as it was written: the same for everybody who may see the same, and so it can be
//! remembered ([`Remembered`](crate::Remembered)) for as long as nothing happens.
//!
//! What is a session's own stands in the frame, which is written for every look: the name, the navigation, what is told
//! once. Only the token that forms carry stands within: where it stands, the part has a gap. Whatever writes a part is not
//! told who looks. It is given what they may do and see and which language they read, and all of that is the key under
//! which the part is remembered: so nothing of one viewer's can stand on the page of another.

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use super::{Problem, Shell, Site};

/// How many bytes the frame comes to, roughly.
const FRAME: usize = 8 << 10;

/// The part of a page within its frame.
pub struct Part {
    title: String,
    /// What stands between the gaps.
    pieces: Vec<String>,
}

impl Part {
    /// Writes what `page` makes, which is given what to put where the token stands.
    ///
    /// # Errors
    /// When the template fails.
    pub fn write<T: Template>(
        site: &Site,
        title: String,
        page: impl FnOnce(String) -> T,
    ) -> Result<Arc<Self>, Problem> {
        // Made with the node's key: nobody can type it.
        let gap = site.platform().token(&["gap"]);
        let text = page(gap.clone()).render();
        let text = text.map_err(|error| Problem::fault(&error))?;
        let pieces = text.split(&*gap).map(str::to_owned).collect();
        Ok(Arc::new(Self { title, pieces }))
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        let pieces = self.pieces.iter();
        let pieces: usize = pieces.map(|piece| piece.len() + size_of::<String>()).sum();
        size_of::<Self>() + self.title.len() + pieces
    }

    /// Its title.
    pub fn title(&self) -> String {
        self.title.clone()
    }
}

#[derive(Template)]
#[template(path = "framed.html")]
struct Framed<'p> {
    shell: Shell,
    part: &'p Part,
}

/// A page as an answer: a part within a frame.
pub fn framed(shell: Shell, part: &Part) -> Response {
    let gaps = part.pieces.len() * shell.form_token.len();
    let mut text = String::with_capacity(part.bytes() + gaps + FRAME);
    match (Framed { shell, part }).render_into(&mut text) {
        Ok(()) => Html(text).into_response(),
        Err(error) => Problem::fault(&error).into_response(),
    }
}
