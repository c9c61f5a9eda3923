//! Registers to compare with: whose there are, what for, what allows them and until when. What they hold is on no page.

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Facts, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Nothing, Params, Problem, Routes, Shell, Site, html, moment,
    shown_as_it_is, told,
};
use serde::Deserialize;
use uuid::Uuid;

use super::import::diagnostic;
use super::projects::Option_;
use super::words::{pick, words};
use crate::import::ImportOptions;
use crate::register::{
    self, InForce, KINDS, MOST_TEXT, OFF_WITHOUT_BASIS, Register, RegisterError, StateBasis, Terms,
    basis_of, listed, register_id,
};
use crate::scene::Supervise;

/// The most bytes of a file, and how long it may take to arrive.
const MOST_BYTES: usize = 64 << 20;
const MOST_TIME: Duration = Duration::from_mins(20);

/// The most bytes of a field of the form: a text of [`MOST_TEXT`] characters.
const MOST_FIELD: usize = MOST_TEXT * 4;

/// The most that is told of what is wrong with a file.
const MOST_TOLD: usize = 100;

/// The kinds of file that are taken, by their endings.
const ENDINGS: [&str; 5] = ["xlsx", "xlsm", "xls", "ods", "csv"];

pub(crate) fn routes() -> Routes {
    use Action::{DeleteRegister, ListRegister, StateRegisterBasis, UploadRegister};
    let ours = |site: &Site, viewer: &Viewer, _: &Params| Ok(Some(of_county(site, viewer.account)));
    let one = |site: &Site, _: &Viewer, params: &Params| {
        let upload = params.id("id").unwrap_or_else(Uuid::nil);
        let found = found(site, upload)?;
        Ok(found.map(|one| of_county(site, one.owner)))
    };
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
            one,
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

fn found(site: &Site, upload: Uuid) -> Result<Option<InForce>, Problem> {
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

/// What was typed, for a form that comes back.
#[derive(Clone, Debug, Default)]
struct Typed {
    register: String,
    purpose: String,
    basis: String,
    expires: String,
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
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let received = receive(form, folder.path()).await;
    let (typed, file) = match received {
        Ok(received) => received,
        Err(problem) => {
            wipe(folder.path());
            return Err(problem);
        }
    };
    let refused = |told: Vec<String>, typed: Typed| {
        let mut answer = show(&site, &asked.viewer, &scene, frame.clone(), told, typed)?;
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(shown_as_it_is(answer))
    };
    let known = KINDS.contains(&&*typed.register);
    let (Some(file), true) = (file, known) else {
        wipe(folder.path());
        return refused(vec![words.say("choose-a-register-file")], typed);
    };
    let Ok(expires) = typed.expires.trim().parse::<Date>() else {
        wipe(folder.path());
        return refused(vec![words.say("register-last-day-needed")], typed);
    };
    let options = ImportOptions {
        filing: scene.newest(&site)?.filing,
        datum: scene.datum(),
        as_of: Some(site.today()),
        ..ImportOptions::new(scene.key().clone())
    };
    let kind = typed.register.clone();
    // Reading takes seconds: on a thread that may. What was typed in the file is gone before anybody is answered.
    let read = tokio::task::spawn_blocking(move || {
        let read = register::read(&kind, &file, &options);
        wipe(folder.path());
        read
    })
    .await
    .map_err(|error| Problem::fault(&error))?;
    let rows = match read {
        Ok(rows) => rows,
        Err(bad) => {
            let told = bad.iter().map(|one| diagnostic(words, one)).collect();
            return refused(told, typed);
        }
    };
    let terms = Terms {
        purpose: typed.purpose.clone(),
        basis: typed.basis.clone(),
        expires,
    };
    let cx = site.context(&asked.viewer, site.jurisdiction());
    match register::bring_in(&site, scene.vault(), rows, terms, &cx).await {
        Ok(()) => Ok(back("register-taken")),
        Err(RegisterError::Command(CommandError::Refused(refusal))) => {
            refused(vec![words.of(&refusal.text).to_owned()], typed)
        }
        Err(error) => Err(problem(error)),
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

/// Takes the form in: its texts, and its file under a name that says which register it is.
async fn receive(mut form: Multipart, folder: &Path) -> Result<(Typed, Option<PathBuf>), Problem> {
    let cut_off = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::unreadable(kandeng_platform::Text::new(
            "文件没有完整送达,什么都没有收下;请再传一次",
            "the file did not arrive whole, and nothing was taken; send it again",
        )),
    };
    let mut typed = Typed::default();
    let mut file = None;
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|error| cut_off(error.status()))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" && file.is_none() {
            let own = field.file_name().unwrap_or_default().to_lowercase();
            let ending = ENDINGS
                .iter()
                .find(|ending| own.ends_with(&format!(".{ending}")));
            let path = folder.join(format!("upload.{}", ending.unwrap_or(&"csv")));
            let mut to = std::fs::File::create(&path).map_err(|error| Problem::fault(&error))?;
            let mut size = 0;
            while let Some(bytes) = field
                .chunk()
                .await
                .map_err(|error| cut_off(error.status()))?
            {
                size += bytes.len();
                to.write_all(&bytes)
                    .map_err(|error| Problem::fault(&error))?;
            }
            // A file of another kind is none.
            file = (size > 0 && ending.is_some()).then_some(path);
            continue;
        }
        let into = match &*name {
            "register" => &mut typed.register,
            "purpose" => &mut typed.purpose,
            "basis" => &mut typed.basis,
            "expires" => &mut typed.expires,
            _ => continue,
        };
        let mut bytes = Vec::new();
        while let Some(more) = field
            .chunk()
            .await
            .map_err(|error| cut_off(error.status()))?
        {
            bytes.extend_from_slice(&more);
            if bytes.len() > MOST_FIELD {
                return Err(Problem::too_large());
            }
        }
        *into = String::from_utf8_lossy(&bytes).into_owned();
    }
    // A CSV says by its name which table it is.
    let file = match file {
        Some(path) if path.extension().is_some_and(|ending| ending == "csv") => {
            let known = KINDS.iter().find(|kind| **kind == typed.register);
            let to = folder.join(format!("{}.csv", known.unwrap_or(&"upload")));
            std::fs::rename(&path, &to).map_err(|error| Problem::fault(&error))?;
            Some(to)
        }
        file => file,
    };
    Ok((typed, file))
}

/// Overwrites what stands in a folder, as far as the disk lets one: numbers of people were typed there. The folder goes
/// with its owner.
fn wipe(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let overwritten = || -> std::io::Result<()> {
            let mut file = std::fs::OpenOptions::new().write(true).open(&path)?;
            let mut left = file.metadata()?.len();
            file.rewind()?;
            let nothing = [0; 1 << 16];
            while left > 0 {
                let some = left.min(nothing.len() as u64);
                file.write_all(&nothing[..some as usize])?;
                left -= some;
            }
            file.sync_all()
        };
        // What cannot be overwritten is deleted all the same.
        if let Err(error) = overwritten().and_then(|()| std::fs::remove_file(&path)) {
            tracing::warn!(%error, "an upload could not be overwritten");
        }
    }
}

async fn withdraw(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let upload = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let one = found(&site, upload)?.ok_or_else(Problem::not_found)?;
    let cx = site.context(&asked.viewer, site.jurisdiction());
    register::take_out(site.platform(), scene.vault(), &one.register, upload, &cx)
        .await
        .map_err(problem)?;
    Ok(back("register-withdrawn"))
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
