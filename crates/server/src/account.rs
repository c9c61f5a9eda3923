//! One's own account: what one may do and for where, and where one is signed in.

use askama::Template;
use axum::Extension;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::{Account, SignOutEverywhere, Viewer, sessions_of};
use kandeng_platform::page::{
    Form, Frame, Nothing, Problem, Routes, Shell, Site, html, moment, told,
};

use crate::words::words;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(Method::GET, "/account", show)
        .signed_in(Method::POST, "/account/sign-out-everywhere", everywhere)
        .without_room()
}

struct SessionRow {
    since: String,
    until: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    shell: Shell,
    grants: Vec<(String, String)>,
    sessions: Vec<SessionRow>,
    /// Whether there is such a page.
    passkeys: bool,
}

async fn show(
    site: Site,
    viewer: Viewer,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let open = site
        .platform()
        .query(|connection| sessions_of(connection, viewer.account))?;
    let page = AccountPage {
        passkeys: frame.passkeys,
        grants: viewer
            .grants
            .iter()
            .map(|grant| {
                let role = words.of(&grant.role.title()).to_owned();
                (role, grant.jurisdiction.clone())
            })
            .collect(),
        sessions: open
            .into_iter()
            .map(|(id, since, until)| SessionRow {
                since: moment(since),
                until: moment(until),
                this: id == viewer.session.to_string(),
            })
            .collect(),
        shell: Shell::of(&site, &viewer, frame, words, words.say("my-account")),
    };
    Ok(html(&page))
}

async fn everywhere(
    site: Site,
    viewer: Viewer,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&viewer, site.jurisdiction());
    site.platform()
        .carry_out::<Account, _>(viewer.account, SignOutEverywhere, &cx)
        .await?;
    let response = Redirect::to("/sign-in").into_response();
    Ok(told(response, "signed-out-everywhere"))
}
