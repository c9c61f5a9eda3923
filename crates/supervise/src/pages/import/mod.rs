//! Bringing filings in: a file is read, what it would change is shown cell by cell, and it is taken whole or not at all.
//!
//! What was read waits in memory for an hour. The file itself is gone as soon as it was read.

pub(crate) mod report;
pub(crate) mod upload;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Form, Frame, Nothing, Params, Problem, Routes, Site, told};
use uuid::Uuid;

use super::words::words;
use crate::project::ImportPlan;
use crate::scene::Supervise;
pub(crate) use report::diagnostic;
use report::{Wanted, elsewhere, report, show_report};
use upload::{MOST_BYTES, shown, upload};

/// How long a file may take to arrive, over a poor connection too.
pub(crate) const MOST_TIME: Duration = Duration::from_mins(20);

/// How long a file waits to be taken, in milliseconds.
const WAITS: i64 = 3_600_000;

/// How many wait at a time: each holds its tables in memory.
const MOST_WAITING: usize = 8;

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

/// Files that were read and wait.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<Uuid, Arc<Pending>>>>);

/// A file that was read and waits.
pub(crate) struct Pending {
    pub plan: ImportPlan,
    /// The name that it came by.
    pub name: String,
    account: Uuid,
    /// In milliseconds since 1970.
    pub until: i64,
    /// Gone with the plan.
    _folder: Option<tempfile::TempDir>,
}

impl Waiting {
    fn all(&self, now: i64) -> MutexGuard<'_, HashMap<Uuid, Arc<Pending>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, pending| pending.until > now);
        all
    }

    /// Keeps one until its time has come.
    fn put(&self, site: &Site, id: Uuid, pending: Pending) {
        let until = Timestamp::from_millisecond(pending.until).unwrap_or(Timestamp::MAX);
        self.all(now(site)).insert(id, Arc::new(pending));
        let (waiting, site) = (self.clone(), site.clone());
        tokio::spawn(async move {
            site.platform().clock().sleep_until(until).await;
            waiting.all(now(&site)).remove(&id);
        });
    }

    /// One of the viewer's.
    pub fn get(&self, site: &Site, viewer: &Viewer, id: Uuid) -> Result<Arc<Pending>, Problem> {
        let found = self.all(now(site)).get(&id).cloned();
        // Somebody else's is not there.
        let found = found.filter(|pending| pending.account == viewer.account);
        found.ok_or_else(Problem::not_found)
    }

    /// The viewer's, by when they go.
    pub fn of(&self, site: &Site, viewer: &Viewer) -> Vec<(Uuid, Arc<Pending>)> {
        let all = self.all(now(site));
        let own = all.iter().filter(|(_, one)| one.account == viewer.account);
        let mut own: Vec<_> = own.map(|(id, one)| (*id, Arc::clone(one))).collect();
        own.sort_by_key(|(id, one)| (one.until, *id));
        own
    }

    /// Lets one go.
    pub fn remove(&self, site: &Site, id: Uuid) {
        self.all(now(site)).remove(&id);
    }
}

fn now(site: &Site) -> i64 {
    site.platform().clock().now().as_millisecond()
}

async fn take(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let viewer = asked.viewer.clone();
    let pending = scene.waiting().get(&site, &viewer, id)?;
    let words = words(viewer.language);
    let again = |told: String, frame: Frame| {
        show_report(
            &site,
            &viewer,
            &scene,
            frame,
            id,
            &pending,
            Wanted::default(),
            Some(told),
        )
    };
    // All or none, and none of them elsewhere.
    if !elsewhere(&site, &viewer, pending.plan.projects())?.is_empty() {
        return again(words.say("import-elsewhere"), frame);
    }
    let cx = site.context(&viewer, &asked.resource.jurisdiction);
    let taken = pending
        .plan
        .take(site.platform(), scene.vault(), &cx, &|_, _| {})
        .await;
    match taken {
        Ok(_) => {
            scene.waiting().all(now(&site)).remove(&id);
            Ok(told(
                Redirect::to("/supervise/projects?newest=1").into_response(),
                "imported",
            ))
        }
        Err(CommandError::Refused(refusal)) => again(words.of(&refusal.text).to_owned(), frame),
        Err(error) => Err(error.into()),
    }
}

async fn discard(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    scene.waiting().get(&site, &asked.viewer, id)?;
    scene.waiting().all(now(&site)).remove(&id);
    Ok(told(
        Redirect::to("/supervise/import").into_response(),
        "discarded",
    ))
}
