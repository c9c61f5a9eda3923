//! A file arrives.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment, shown_as_it_is};

use super::super::words::words;
use super::job::{self, Job, State};
use super::{WAITS, at_once, now};
use crate::scene::Supervise;

/// The most bytes of a file.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// The most bytes of a file's name.
const MOST_NAME: usize = 120;

struct WaitingLine {
    id: String,
    name: String,
    until: String,
    is_busy: bool,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    told: Vec<String>,
    waiting: Vec<WaitingLine>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Response {
    show(&site, &asked.viewer, &scene, frame, Vec::new())
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let words = words(viewer.language);
    let mut waiting: Vec<WaitingLine> = scene
        .waiting()
        .of(site, viewer)
        .into_iter()
        .map(|(id, job)| WaitingLine {
            id: id.to_string(),
            name: job.name.to_string(),
            until: moment(job.until),
            is_busy: job.state().is_busy(),
        })
        .collect();
    waiting.sort_by(|one, other| one.until.cmp(&other.until));
    html(&ImportPage {
        told,
        waiting,
        shell: Shell::of(site, viewer, frame, words, words.say("import")),
    })
}

/// A page that says what is wrong with a file.
pub(super) fn refused(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let mut answer = show(site, viewer, scene, frame, told);
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    shown_as_it_is(answer)
}

pub(super) async fn upload(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let refused = |told: Vec<String>| refused(&site, viewer, &scene, frame, told);
    let Some(job) = begun(&site, viewer, &scene, form, Fields::Others).await? else {
        return Ok(refused(vec![words.say("choose-a-file")]));
    };
    // Whoever waits no longer finds it here.
    let id = scene.waiting().put(&site, job.clone());
    if !at_once(&headers)
        && let State::Refused(told) = job.soon().await
    {
        scene.waiting().remove(&site, id);
        let told = told.iter().map(|one| words.of(one).to_owned());
        return Ok(refused(told.collect()));
    }
    Ok(Redirect::to(&format!("/supervise/import/{id}")).into_response())
}

/// What a form may have beside its file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fields {
    /// Nothing.
    None,
    /// What a page of ours sends along.
    Others,
}

/// Takes the file of a form and begins to read it; nothing where there is no file.
pub(crate) async fn begun(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    form: Multipart,
    fields: Fields,
) -> Result<Option<Job>, Problem> {
    let arriving = scene.waiting().arriving().ok_or_else(Problem::busy)?;
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let Some((path, name)) = receive(form, folder.path(), fields).await? else {
        return Ok(None);
    };
    drop(arriving);
    let place = scene.waiting().place(site, viewer.account);
    let place = place.ok_or_else(Problem::busy)?;
    let job = Job::new(&name, viewer.account, now(site) + WAITS, place);
    job::read(site, scene, viewer, &job, (path, folder))?;
    Ok(Some(job))
}

/// Writes the file of the form into the folder, under a name of ours; gives it and the name that it came by.
async fn receive(
    mut form: Multipart,
    folder: &Path,
    fields: Fields,
) -> Result<Option<(PathBuf, String)>, Problem> {
    let cut_off = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::unreadable(kandeng_platform::Text::new(
            "文件没有完整送达,什么都没有导入;请再传一次",
            "the file did not arrive whole, and nothing was taken; send it again",
        )),
    };
    let mut received = None;
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|error| cut_off(error.status()))?
    {
        let is_file = field.name() == Some("file") && received.is_none();
        if !is_file && fields == Fields::None {
            return Err(Problem::unreadable(kandeng_platform::Text::new(
                "表单中只应有一个字段 file",
                "the form has one field alone, file",
            ))
            .with("field", "file".into()));
        }
        if !is_file {
            continue;
        }
        let name: String = field
            .file_name()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_control())
            .scan(0, |bytes, letter| {
                *bytes += letter.len_utf8();
                (*bytes <= MOST_NAME).then_some(letter)
            })
            .collect();
        // A CSV says by its name which table it is.
        let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let own = own.trim_start_matches('.');
        let path = folder.join(if own.is_empty() { "upload" } else { own });
        let mut file = std::fs::File::create(&path).map_err(|error| Problem::fault(&error))?;
        let mut size = 0;
        while let Some(bytes) = field
            .chunk()
            .await
            .map_err(|error| cut_off(error.status()))?
        {
            size += bytes.len();
            file.write_all(&bytes)
                .map_err(|error| Problem::fault(&error))?;
        }
        if size > 0 {
            received = Some((path, name));
        }
    }
    Ok(received)
}
