//! A file while it is worked on: read, compared, taken. The work is done on threads that may wait; whoever sent the file
//! may leave and come back, sees how far it is, and can stop it.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Problem, Site};
use kandeng_platform::{CommandError, Text, jurisdiction};
use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use super::report::elsewhere;
use super::unpack::unpacked;
use crate::import::{self, ImportOptions, InputKind};
use crate::packages;
use crate::project::ImportPlan;
use crate::scene::Supervise;

/// Files that are read and compared at a time, and such that are taken; others wait for their turn.
const READ_AT_A_TIME: usize = 2;
const TAKEN_AT_A_TIME: usize = 1;

/// The most rows of a file, and the most projects: what is taken is put together in memory, some 2 KiB a row and 11 KiB
/// a project, before it is appended in one piece.
const MOST_ROWS: u64 = 250_000;
const MOST_PROJECTS: usize = packages::MOST_PROJECTS;

/// How long an answer waits for what is done soon, so that most people never see how far a file is.
const SOON: Duration = Duration::from_secs(2);

/// How far a file is.
#[derive(Clone)]
pub(crate) enum State {
    /// It waits until others are done.
    Queued,
    /// Rows are read; how many, the job counts.
    Reading,
    /// So many projects of so many are compared with what is filed.
    Comparing(usize, usize),
    /// It waits for whoever sent it.
    Ready(Arc<Ready>),
    /// So many projects of so many are put together, to be taken in one append.
    Taking(usize, usize),
    /// All of it was taken.
    Taken,
    /// Nothing of it can be taken, or it was stopped.
    Refused(Arc<Vec<Text>>),
}

impl State {
    /// Whether somebody works on it.
    pub fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Queued | Self::Reading | Self::Comparing(..) | Self::Taking(..)
        )
    }
}

/// What was read and compared.
#[derive(Clone)]
pub(crate) struct Ready {
    pub plan: Arc<ImportPlan>,
    /// Projects that whoever sent the file may not file or change.
    pub elsewhere: Vec<String>,
    /// Why it could not be taken when it was last tried.
    pub told: Option<Text>,
    /// Gone with the plan: columns of Parquet are read on demand.
    _folder: Option<Arc<TempDir>>,
}

/// A file and how far it is. Copies share it.
#[derive(Clone)]
pub(crate) struct Job {
    pub name: Arc<str>,
    pub account: Uuid,
    /// In milliseconds since 1970: as long as it waits for whoever sent it.
    pub until: i64,
    state: Arc<watch::Sender<State>>,
    cancel: Arc<AtomicBool>,
    rows: Arc<AtomicU64>,
    /// Among those that hold their tables in memory, for as long as it does.
    place: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Job {
    pub fn new(name: &str, account: Uuid, until: i64, place: OwnedSemaphorePermit) -> Self {
        Self {
            name: name.into(),
            account,
            until,
            state: Arc::new(watch::Sender::new(State::Queued)),
            cancel: Arc::default(),
            rows: Arc::default(),
            place: Arc::new(Mutex::new(Some(place))),
        }
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub fn changes(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Rows that were read so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Stops the work at the next row or project. What was appended by then stays appended: all of it.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// How far it is once it is ready, or shortly after now.
    pub async fn soon(&self) -> State {
        let mut changes = self.changes();
        let done = changes.wait_for(|state| !state.is_busy());
        let _ = tokio::time::timeout(SOON, done).await;
        self.state()
    }

    /// How far it is once nobody works on it.
    pub async fn done(&self) -> State {
        let mut changes = self.changes();
        // Cannot fail: the job holds what sends.
        let _ = changes.wait_for(|state| !state.is_busy()).await;
        self.state()
    }

    pub fn is(&self, state: State) {
        let is_over = matches!(state, State::Taken | State::Refused(_));
        self.state.send_replace(state);
        if is_over {
            self.give_up_place();
        }
    }

    /// Nobody works on it, or will: another may have its place.
    pub fn give_up_place(&self) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        drop(place.take());
    }

    /// What is to be taken, for the first who asks while it is ready; for nobody else then.
    pub fn begin(&self) -> Option<Begun> {
        let mut begun = None;
        self.state.send_if_modified(|state| {
            if let State::Ready(ready) = state {
                begun = Some(Arc::clone(ready));
                *state = State::Taking(0, 0);
            }
            begun.is_some()
        });
        begun.map(|ready| Begun {
            ready,
            job: Some(self.clone()),
        })
    }
}

/// What is being taken. Where whoever takes it goes away before it is said how it went, it waits as before.
pub(crate) struct Begun {
    ready: Arc<Ready>,
    job: Option<Job>,
}

impl Begun {
    /// For a worker, which says how it went whatever happens.
    fn by_worker(mut self) -> Arc<Ready> {
        self.job = None;
        Arc::clone(&self.ready)
    }
}

impl Deref for Begun {
    type Target = Ready;

    fn deref(&self) -> &Ready {
        &self.ready
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(job) = &self.job else {
            return;
        };
        job.state.send_if_modified(|state| {
            let is_open = matches!(state, State::Taking(..));
            if is_open {
                *state = State::Ready(Arc::clone(&self.ready));
            }
            is_open
        });
    }
}

/// Turns to work.
#[derive(Clone)]
pub(crate) struct Turns {
    reading: Arc<Semaphore>,
    pub taking: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            reading: Arc::new(Semaphore::new(READ_AT_A_TIME)),
            taking: Arc::new(Semaphore::new(TAKEN_AT_A_TIME)),
        }
    }
}

/// Works on a job, on a thread that may wait, when its turn has come.
fn spawn(
    site: &Site,
    turns: Arc<Semaphore>,
    job: Job,
    work: impl FnOnce(&Job) -> State + Send + 'static,
) {
    let mut stopping = site.stopping();
    let stopped = job.clone();
    let mut changes = job.changes();
    tokio::spawn(async move {
        // A server that stops does not wait for a file: nothing of it was taken.
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => stopped.cancel(),
            _ = changes.wait_for(|state| !state.is_busy()) => {}
        }
    });
    tokio::spawn(async move {
        // Cannot fail: nobody closes it.
        let _turn = turns.acquire_owned().await;
        let working = job.clone();
        let worked = tokio::task::spawn_blocking(move || work(&working)).await;
        job.is(worked.unwrap_or_else(|error| {
            tracing::error!(%error, "an import failed");
            refused(
                "读取时出了内部错误,什么都没有导入",
                "something failed inside while it was read; nothing was taken",
            )
        }));
    });
}

fn refused(zh: &str, en: &str) -> State {
    State::Refused(Arc::new(vec![Text::new(zh, en)]))
}

fn cancelled() -> State {
    refused("已取消,什么都没有导入", "cancelled; nothing was taken")
}

/// Begins to read a file.
pub(super) fn read(
    site: &Site,
    scene: &Supervise,
    viewer: &Viewer,
    job: &Job,
    (path, folder): (PathBuf, TempDir),
) -> Result<(), Problem> {
    let declared = scene.newest(site)?;
    let options = ImportOptions {
        filing: declared.filing,
        datum: scene.datum(),
        as_of: Some(site.today()),
        cancel: Arc::clone(&job.cancel),
        rows_read: Arc::clone(&job.rows),
        most_rows: Some(MOST_ROWS),
        ..ImportOptions::new(scene.key().clone())
    };
    let (site, viewer) = (site.clone(), viewer.clone());
    let turns = scene.waiting().turns().reading;
    let about = site.clone();
    spawn(&about, turns, job.clone(), move |job| {
        let planned = planned(&site, &viewer, job, &options, &path, folder);
        if job.cancel.load(Ordering::Relaxed) {
            return cancelled();
        }
        match planned {
            Ok(ready) => State::Ready(Arc::new(ready)),
            Err(told) => State::Refused(Arc::new(told)),
        }
    });
    Ok(())
}

/// Reads and compares.
fn planned(
    site: &Site,
    viewer: &Viewer,
    job: &Job,
    options: &ImportOptions,
    path: &Path,
    folder: TempDir,
) -> Result<Ready, Vec<Text>> {
    let platform = site.platform();
    job.is(State::Reading);
    // Where the file lies here is nobody's business: it is called as it came.
    let (inner, own) = (
        format!("{}/", folder.path().display()),
        folder.path().display().to_string(),
    );
    let as_sent = |text: &str| text.replace(&inner, "").replace(&own, &job.name);
    let ours = |text: &kandeng_screening::Text| Text::new(as_sent(&text.zh), as_sent(&text.en));
    let read = if packages::is_json(path) {
        let progress = |_: usize, _: usize| {
            job.rows.fetch_add(1, Ordering::Relaxed);
        };
        packages::read(path, options, &progress).map_err(|error| vec![ours(&error.text())])?
    } else {
        let input = unpacked(path).map_err(|text| vec![ours(&text)])?;
        import::read(&[input], options).map_err(|error| vec![ours(&error.text())])?
    };
    // Rows of Parquet are counted without being read.
    let rows = read.rows();
    if rows.values().sum::<usize>() as u64 > MOST_ROWS {
        let error = import::ImportError::TooManyRows { most: MOST_ROWS };
        return Err(vec![ours(&error.text())]);
    }
    if rows
        .get("projects")
        .is_some_and(|count| *count > MOST_PROJECTS)
    {
        return Err(vec![Text::new(
            format!("超过 {MOST_PROJECTS} 个项目,一次最多导入这么多;请按乡镇或年度分成几份"),
            format!(
                "more than {MOST_PROJECTS} projects, which is as many as are taken at a time; split the file by township or year"
            ),
        )]);
    }
    // Numbers of people stand in it as they were typed: it goes as soon as it was read. Columns of Parquet are
    // read on demand.
    let folder = read.kinds.contains(&InputKind::Parquet).then_some(folder);
    let plan = ImportPlan::new(platform, read, options, &|done, of| {
        // Not every one: a page looks twice a second.
        if done % 64 == 0 || done == of {
            job.is(State::Comparing(done, of));
        }
    });
    let mut plan = plan.map_err(|error| vec![told(error)])?;
    if plan.projects().is_empty() {
        let mut all = vec![Text::new(
            "文件里没有读到任何项目。",
            "No project was found in the file.",
        )];
        let wrong = plan.diagnostics.iter().take(20);
        all.extend(wrong.map(|one| ours(&one.message)));
        return Err(all);
    }
    let within = site.places_for(viewer, Action::ViewProject, Resource::new_project);
    plan.close(|place| {
        let mut within = within.iter();
        within.any(|code| jurisdiction::contains(code, place))
    });
    let elsewhere =
        elsewhere(site, viewer, plan.projects()).map_err(|problem| vec![unread(problem)])?;
    Ok(Ready {
        plan: Arc::new(plan),
        elsewhere,
        told: None,
        _folder: folder.map(Arc::new),
    })
}

/// Begins to take a file that is ready. All or none, and none of it elsewhere.
pub(super) fn take(
    site: &Site,
    scene: &Supervise,
    viewer: &Viewer,
    resource: &Resource,
    job: &Job,
) {
    // Whoever presses twice takes once.
    let Some(begun) = job.begin() else {
        return;
    };
    let ready = begun.by_worker();
    let cx = site.context(viewer, &resource.jurisdiction);
    let (site, scene, viewer) = (site.clone(), scene.clone(), viewer.clone());
    let runtime = tokio::runtime::Handle::current();
    let turns = scene.waiting().turns().taking;
    let about = site.clone();
    spawn(&about, turns, job.clone(), move |job| {
        match elsewhere(&site, &viewer, ready.plan.projects()) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => return again(&ready, found, None),
            Err(problem) => return again(&ready, Vec::new(), Some(unread(problem))),
        }
        let progress = |done: usize, of: usize| {
            if done % 64 == 0 || done == of {
                job.is(State::Taking(done, of));
            }
        };
        let taking = ready
            .plan
            .take(site.platform(), scene.vault(), &cx, &progress);
        match runtime.block_on(taking) {
            Ok(_) => State::Taken,
            Err(error) if !error.left_nothing() => again(&ready, Vec::new(), Some(unsure(&error))),
            Err(_) if job.cancel.load(Ordering::Relaxed) => cancelled(),
            Err(error) => again(&ready, Vec::new(), Some(told(error))),
        }
    });
}

/// It waits as before, with the reason why it was not taken.
pub(crate) fn again(ready: &Ready, elsewhere: Vec<String>, told: Option<Text>) -> State {
    State::Ready(Arc::new(Ready {
        elsewhere,
        told,
        ..ready.clone()
    }))
}

/// What a person is told where the read model fails.
fn unread(problem: Problem) -> Text {
    let says = || {
        Text::new(
            "不能读取台账,请稍后再试",
            "the ledger cannot be read; try again later",
        )
    };
    problem.text.unwrap_or_else(says)
}

/// What a person is told where the ledger gave no answer: to deny it would have it filed twice.
fn unsure(error: &CommandError) -> Text {
    tracing::error!(%error, "whether an import was taken is not known");
    Text::new(
        "台账没有应答,不知道是否已经导入;请先看项目列表,再决定是否重来",
        "the ledger did not answer, and whether it was taken is not known; look at the list of projects before you try again",
    )
}

/// What a person is told of a fault.
fn told(error: CommandError) -> Text {
    match error {
        CommandError::Refused(refusal) => refusal.text,
        CommandError::Busy | CommandError::Contended(_) => Text::new(
            "此刻写入的人太多,什么都没有导入;请稍后再试",
            "too many are writing at this moment, and nothing was taken; try again later",
        ),
        error => {
            tracing::error!(%error, "an import failed");
            Text::new(
                "台账没有写入,什么都没有导入;请稍后再试",
                "the ledger was not written to, and nothing was taken; try again later",
            )
        }
    }
}
