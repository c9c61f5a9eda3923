//! A file arrives.

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::Text;
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, moment, shown_as_it_is};
use tempfile::TempDir;

use super::super::arrived::{Arrived, Most, receive};
use super::super::words::words;
use super::job::{self, Job, State};
use super::{WAITS, at_once, now};
use crate::scene::Supervise;

/// The most bytes of a file.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// The route says how many bytes there may be in all.
const MOST: Most = Most {
    files: 1,
    bytes: MOST_BYTES as u64,
    field: 256,
};

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
    let uploaded = Uploaded::receive(&scene, form).await?;
    if uploaded.arrived.files.is_empty() && uploaded.arrived.refused.is_none() {
        return Ok(refused(vec![words.say("choose-a-file")]));
    }
    let job = match uploaded.begun(&site, viewer, &scene)? {
        Ok(job) => job,
        Err(told) => return Ok(refused(vec![words.of(&told).to_owned()])),
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

/// A form with one file arrives; what it is called says which kind of file it is.
pub(crate) struct Uploaded {
    folder: TempDir,
    pub arrived: Arrived,
}

impl Uploaded {
    pub async fn receive(scene: &Supervise, form: Multipart) -> Result<Self, Problem> {
        let _arriving = scene.waiting().arriving().ok_or_else(Problem::busy)?;
        let folder = tempfile::tempdir_in(scene.uploads());
        let folder = folder.map_err(|error| Problem::fault(&error))?;
        let arrived = receive(form, folder.path(), MOST).await?;
        Ok(Self { folder, arrived })
    }

    /// Begins to read the file; why there is nothing to read, where there is none.
    pub fn begun(
        self,
        site: &Site,
        viewer: &Viewer,
        scene: &Supervise,
    ) -> Result<Result<Job, Text>, Problem> {
        if let Some(refused) = self.arrived.refused {
            return Ok(Err(refused));
        }
        let Some(file) = self.arrived.files.into_iter().next() else {
            return Ok(Err(Text::new("没有文件", "there is no file")));
        };
        // A CSV says by its name which table it is.
        let own = if file.name.is_empty() {
            "upload"
        } else {
            &file.name
        };
        let path = self.folder.path().join(own);
        std::fs::rename(&file.path, &path).map_err(|error| Problem::fault(&error))?;
        let place = scene.waiting().place(site, viewer.account);
        let place = place.ok_or_else(Problem::busy)?;
        let job = Job::new(&file.name, viewer.account, now(site) + WAITS, place);
        job::read(site, scene, viewer, &job, (path, self.folder))?;
        Ok(Ok(job))
    }
}
