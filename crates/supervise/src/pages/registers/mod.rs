//! Registers to compare with: whose there are, what for, what allows them and until when. What they hold is on no page.

mod sent;

use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Facts, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Nothing, Params, Problem, Routes, Shell, Site, html, moment,
    shown_as_it_is, told,
};
use serde::Deserialize;
use uuid::Uuid;

use super::projects::Option_;
use super::words::{pick, words};
use crate::register::{
    self, InForce, KINDS, MOST_TEXT, OFF_WITHOUT_BASIS, Register, RegisterError, StateBasis,
    basis_of, listed, register_id,
};
use crate::scene::Supervise;

pub(crate) use sent::{Sent, Typed};

/// The most bytes of all that is sent, and how long it may take to arrive.
pub(crate) const MOST_BYTES: usize = 64 << 20;
pub(crate) const MOST_TIME: Duration = Duration::from_mins(20);

/// The most that is told of what is wrong with a file.
const MOST_TOLD: usize = 100;

pub(crate) fn routes() -> Routes {
    use Action::{DeleteRegister, ListRegister, StateRegisterBasis, UploadRegister};
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/registers",
            ListRegister,
            ours,
            shown,
        )
        .asks(
            Method::POST,
            "/supervise/registers",
            UploadRegister,
            ours,
            upload,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Method::POST,
            "/supervise/registers/{id}/withdraw",
            DeleteRegister,
            of_path,
            withdraw,
        )
        .asks(
            Method::POST,
            "/supervise/registers/basis",
            StateRegisterBasis,
            ours,
            state_basis,
        )
}

/// All of the county's registers, for whoever might answer for one.
#[allow(clippy::unnecessary_wraps, reason = "what finds a resource may fail")]
pub(crate) fn ours(site: &Site, viewer: &Viewer, _: &Params) -> Result<Option<Resource>, Problem> {
    Ok(Some(of_county(site, viewer.account)))
}

/// The register of the path.
pub(crate) fn of_path(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let upload = params.id("id").unwrap_or_else(Uuid::nil);
    let found = found(site, upload)?;
    Ok(found.map(|one| of_county(site, one.owner)))
}

/// A register holds for all of the county, whoever answers for it.
fn of_county(site: &Site, owner: Uuid) -> Resource {
    Resource {
        id: site.jurisdiction().to_owned(),
        jurisdiction: site.jurisdiction().to_owned(),
        facts: Facts::Register { owner },
    }
}

fn may(site: &Site, viewer: &Viewer, action: Action) -> bool {
    let register = of_county(site, viewer.account);
    site.authority().may(viewer, action, &register)
}

/// Whether the viewer may see that there are any.
pub(crate) fn sees(site: &Site, viewer: &Viewer) -> bool {
    may(site, viewer, Action::ListRegister)
}

pub(crate) fn found(site: &Site, upload: Uuid) -> Result<Option<InForce>, Problem> {
    let all = site.platform().query(listed)?;
    Ok(all.into_iter().find(|one| one.upload == upload))
}

struct Line {
    upload: String,
    name: String,
    owner: String,
    purpose: String,
    basis: String,
    expires: String,
    rows: u64,
    file: String,
    at: String,
    uses: u64,
    used: Option<String>,
}

#[derive(Template)]
#[template(path = "registers.html")]
struct RegistersPage {
    shell: Shell,
    told: Vec<String>,
    more: usize,
    lines: Vec<Line>,
    kinds: Vec<Option_>,
    typed: Typed,
    most_text: usize,
    basis: Option<(String, String, String)>,
    may_upload: bool,
    may_delete: bool,
    may_state: bool,
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let nothing = Vec::new();
    show(
        &site,
        &asked.viewer,
        &scene,
        frame,
        nothing,
        Typed::default(),
    )
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    mut told: Vec<String>,
    typed: Typed,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let filing = scene.newest(site)?.filing;
    let named = |kind: &str| {
        let sheet = filing.registers.iter().find(|sheet| sheet.table == kind);
        sheet.map_or_else(
            || kind.to_owned(),
            |sheet| pick(words, &sheet.zh, &sheet.en).to_owned(),
        )
    };
    let name = |account: Uuid| -> Result<String, Problem> {
        let name = site.people().name(account)?;
        Ok(name.unwrap_or_else(|| words.say("erased-person")))
    };
    let (all, basis) = site
        .platform()
        .query(|connection| Ok((listed(connection)?, basis_of(connection)?)))?;
    let lines = all.into_iter().map(|one| {
        Ok(Line {
            upload: one.upload.to_string(),
            name: named(&one.register),
            owner: name(one.owner)?,
            purpose: one.purpose,
            basis: one.basis,
            expires: one.expires,
            rows: one.rows,
            file: one.file,
            at: moment(one.at),
            uses: one.uses,
            used: one.used_at.map(moment),
        })
    });
    let lines = lines.collect::<Result<_, Problem>>()?;
    let is_on = basis.is_some();
    let basis = basis
        .map(|basis| Ok::<_, Problem>((basis.basis, name(basis.by)?, moment(basis.at))))
        .transpose()?;
    let kinds = KINDS
        .into_iter()
        .filter(|kind| is_on || *kind != OFF_WITHOUT_BASIS)
        .map(|kind| Option_ {
            key: kind.to_owned(),
            name: named(kind),
            chosen: kind == typed.register,
        });
    let more = told.len().saturating_sub(MOST_TOLD);
    told.truncate(MOST_TOLD);
    let page = RegistersPage {
        told,
        more,
        lines,
        kinds: kinds.collect(),
        typed,
        most_text: MOST_TEXT,
        basis,
        may_upload: may(site, viewer, Action::UploadRegister),
        may_delete: may(site, viewer, Action::DeleteRegister),
        may_state: may(site, viewer, Action::StateRegisterBasis),
        shell: Shell::of(site, viewer, frame, words, words.say("registers")),
    };
    Ok(html(&page))
}

async fn upload(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    form: Multipart,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let sent = Sent::receive(&scene, form).await?;
    let typed = Typed::from(&sent.arrived);
    let cx = site.context(&asked.viewer, site.jurisdiction());
    match sent.taken(&site, &scene, &typed, &cx).await? {
        Ok(()) => Ok(back("register-taken")),
        Err(told) => {
            let told = told.iter().map(|one| words.of(one).to_owned()).collect();
            let mut answer = show(&site, &asked.viewer, &scene, frame, told, typed)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(shown_as_it_is(answer))
        }
    }
}

fn problem(error: RegisterError) -> Problem {
    match error {
        RegisterError::Command(error) => error.into(),
        error => Problem::fault(&error),
    }
}

fn back(key: &'static str) -> Response {
    told(Redirect::to("/supervise/registers").into_response(), key)
}

async fn withdraw(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    withdrawn(&site, &scene, &asked).await?;
    Ok(back("register-withdrawn"))
}

/// Deletes the register of the path before its time.
pub(crate) async fn withdrawn(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
) -> Result<(), Problem> {
    let upload = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let one = found(site, upload)?.ok_or_else(Problem::not_found)?;
    let cx = site.context(&asked.viewer, site.jurisdiction());
    register::take_out(site.platform(), scene.vault(), &one.register, upload, &cx)
        .await
        .map_err(problem)
}

#[derive(Deserialize)]
struct Stated {
    basis: String,
}

async fn state_basis(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(stated): Form<Stated>,
) -> Result<Response, Problem> {
    let cx = site.context(&asked.viewer, site.jurisdiction());
    let stream = register_id(OFF_WITHOUT_BASIS).unwrap_or_default();
    let state = StateBasis {
        basis: stated.basis,
    };
    let done = site
        .platform()
        .carry_out::<Register, _>(stream, state, &cx)
        .await;
    match done {
        Ok(_) => Ok(back("register-basis-stated")),
        Err(CommandError::Refused(refusal)) => {
            let told = vec![words(asked.viewer.language).of(&refusal.text).to_owned()];
            let typed = Typed::default();
            let mut answer = show(&site, &asked.viewer, &scene, frame, told, typed)?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(shown_as_it_is(answer))
        }
        Err(error) => Err(error.into()),
    }
}
