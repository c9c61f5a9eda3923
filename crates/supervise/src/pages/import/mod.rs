//! Bringing filings in: a file is read, what it would change is shown cell by cell, and it is taken whole or not at all.
//!
//! The work is done beside the request, which may be left ([`job`]). What was read waits in memory for an hour. The file
//! itself is gone as soon as it was read.

pub(crate) mod job;
mod progress;
pub(crate) mod report;
mod unpack;
pub(crate) mod upload;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Form, Nothing, Params, Problem, Routes, Site, told};
use uuid::Uuid;

use crate::scene::Supervise;
use job::{Job, State, Turns};
pub(crate) use report::diagnostic;
use report::report;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use upload::{MOST_BYTES, shown, upload};

/// How long a file may take to arrive, over a poor connection too.
pub(crate) const MOST_TIME: Duration = Duration::from_mins(20);

/// How long a file waits to be taken, in milliseconds.
const WAITS: i64 = 3_600_000;

/// How many are worked on or wait at a time: each holds its tables in memory.
const MOST_WAITING: usize = 8;

/// How many arrive at a time: each takes room on the disk.
const MOST_ARRIVING: usize = 16;

pub(crate) fn routes() -> Routes {
    use Action::ImportFilings;
    let desk = |site: &Site, viewer: &Viewer, _: &Params| Ok(site.widest(viewer, ImportFilings));
    Routes::new()
        .asks(Method::GET, "/supervise/import", ImportFilings, desk, shown)
        .asks(
            Method::POST,
            "/supervise/import",
            ImportFilings,
            desk,
            upload,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Method::GET,
            "/supervise/import/{id}",
            ImportFilings,
            desk,
            report,
        )
        .asks(
            Method::GET,
            "/supervise/import/{id}/progress",
            ImportFilings,
            desk,
            progress::events,
        )
        .asks(
            Method::POST,
            "/supervise/import/{id}/take",
            ImportFilings,
            desk,
            take,
        )
        .up_to(64 << 10, MOST_TIME)
        .asks(
            Method::POST,
            "/supervise/import/{id}/discard",
            ImportFilings,
            desk,
            discard,
        )
}

/// Files that are worked on, or wait for whoever sent them.
#[derive(Clone)]
pub(crate) struct Waiting {
    jobs: Arc<Mutex<HashMap<Uuid, Job>>>,
    places: Arc<Semaphore>,
    arriving: Arc<Semaphore>,
    turns: Turns,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            jobs: Arc::default(),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            arriving: Arc::new(Semaphore::new(MOST_ARRIVING)),
            turns: Turns::default(),
        }
    }
}

impl Waiting {
    fn all(&self, now: i64) -> MutexGuard<'_, HashMap<Uuid, Job>> {
        let mut all = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, job| {
            let stays = job.until > now || job.state().is_busy();
            if !stays {
                job.give_up_place();
            }
            stays
        });
        all
    }

    pub fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// For whoever sends a file: nothing where too many are on their way already.
    fn arriving(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.arriving).try_acquire_owned().ok()
    }

    /// A place among those that hold their tables in memory. Where all are taken, whoever asks gives up what waited
    /// longest for them; nothing where nothing does.
    fn place(&self, site: &Site, account: Uuid) -> Option<OwnedSemaphorePermit> {
        loop {
            // Those whose time has come give theirs up here.
            let mut all = self.all(now(site));
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            let waits = |(_, job): &(&Uuid, &Job)| {
                job.account == account && matches!(job.state(), State::Ready(_))
            };
            let oldest = all
                .iter()
                .filter(waits)
                .min_by_key(|(id, job)| (job.until, **id));
            let oldest = *oldest?.0;
            if let Some(job) = all.remove(&oldest) {
                job.give_up_place();
            }
        }
    }

    /// Keeps one until its time has come; gives the id that it goes by.
    pub fn put(&self, site: &Site, job: Job) -> Uuid {
        self.put_as(site, site.platform().new_id(), job)
    }

    /// The same, by an id of its sender's.
    pub fn put_as(&self, site: &Site, id: Uuid, job: Job) -> Uuid {
        let until = Timestamp::from_millisecond(job.until).unwrap_or(Timestamp::MAX);
        self.all(now(site)).insert(id, job);
        let (waiting, site) = (self.clone(), site.clone());
        tokio::spawn(async move {
            site.platform().clock().sleep_until(until).await;
            drop(waiting.all(now(&site)));
        });
        id
    }

    /// Those of one person, by when they go.
    pub fn of(&self, site: &Site, viewer: &Viewer) -> Vec<(Uuid, Job)> {
        let all = self.all(now(site));
        let own = all.iter().filter(|(_, job)| job.account == viewer.account);
        let mut own: Vec<_> = own.map(|(id, job)| (*id, job.clone())).collect();
        own.sort_by_key(|(id, job)| (job.until, *id));
        own
    }

    /// One of the viewer's.
    pub fn get(&self, site: &Site, viewer: &Viewer, id: Uuid) -> Result<Job, Problem> {
        let found = self.all(now(site)).get(&id).cloned();
        // Somebody else's is not there.
        let found = found.filter(|job| job.account == viewer.account);
        found.ok_or_else(Problem::not_found)
    }

    /// Lets one go. What is worked on keeps its place until it stops.
    pub fn remove(&self, site: &Site, id: Uuid) {
        let gone = self.all(now(site)).remove(&id);
        if let Some(job) = gone.filter(|job| !job.state().is_busy()) {
            job.give_up_place();
        }
    }
}

/// Whether whoever asks wants to be answered before the work is done (RFC 7240).
fn at_once(headers: &HeaderMap) -> bool {
    let prefers = headers.get_all("prefer").iter();
    let mut prefers = prefers.filter_map(|one| one.to_str().ok());
    prefers.any(|one| one.split(',').any(|one| one.trim() == "respond-async"))
}

fn now(site: &Site) -> i64 {
    site.platform().clock().now().as_millisecond()
}

async fn take(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    headers: HeaderMap,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let job = scene.waiting().get(&site, &asked.viewer, id)?;
    if let State::Ready(ready) = job.state()
        && ready.elsewhere.is_empty()
    {
        job::take(&site, &scene, &asked.viewer, &asked.resource, &job);
    }
    // How it went, or how far it is, stands on its page.
    if !at_once(&headers) {
        job.soon().await;
    }
    Ok(Redirect::to(&format!("/supervise/import/{id}")).into_response())
}

async fn discard(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let job = scene.waiting().get(&site, &asked.viewer, id)?;
    job.cancel();
    if let State::Taking(..) = job.state() {
        // It may be in the ledger by now: its page says which.
        job.soon().await;
        return Ok(Redirect::to(&format!("/supervise/import/{id}")).into_response());
    }
    scene.waiting().remove(&site, id);
    Ok(told(
        Redirect::to("/supervise/import").into_response(),
        "discarded",
    ))
}
