//! Screening as a service of a node: everything at start, at night and when somebody asks; what a change can reach, as
//! soon as it is filed. What is found becomes flags, and whoever is responsible is told.
//!
//! It goes by the ledger: what changed is what the read model has taken in since the position of the last run, so
//! nothing is missed over a restart, and what was filed on another node counts too.

mod alert;
mod personal;
mod planned;
mod preview;
mod record;
mod registers;
mod run;
mod runs;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Time;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use kandeng_platform::flag::{Found, Sweep, forget};
use kandeng_platform::page::Site;
use kandeng_platform::rounds::rounds;
use kandeng_platform::{CommandError, Context};
use kandeng_screening::pack::Pack;
use rusqlite::OptionalExtension as _;
use tokio::sync::watch;

pub(crate) use preview::{Decided, Looked, Preview, preview};
pub use record::{
    AskScreening, LastRun, Screening, ScreeningEvent, ScreeningTables, last_run, screening_id,
};
pub(crate) use registers::Open as Registers;
pub use run::WatchError;
pub use runs::runs;

use crate::officer::parameters;
use crate::project::{Declared, erase_said};
use crate::register::{RegisterError, keep_time};
use crate::scene::Supervise;
use run::{Ran, Rules, changed_since};

/// More filings than this changed at once, and everything is screened: an import.
const MOST_CHANGED: i64 = 50;

/// How long nothing is tried after rules could not be run.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// The last run was at most so much later than now, or by a clock that ran ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// When things are done, as clocks in China show it, and how people are told.
#[derive(Clone, Debug)]
pub struct Hours {
    /// When everything is screened.
    pub screen: Time,
    /// When officers are told of what is not grave.
    pub digest: Time,
    /// By which channel people are told; nobody is told but by open pages where there is none.
    pub channel: Option<String>,
}

impl Default for Hours {
    fn default() -> Self {
        Self {
            screen: jiff::civil::time(2, 0, 0, 0),
            digest: jiff::civil::time(8, 30, 0, 0),
            channel: None,
        }
    }
}

/// What is going on now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Steps done and their number, while everything is screened.
    pub running: Option<(usize, usize)>,
    /// Rules could not be run, since when.
    pub failing: bool,
}

/// Progress that pages look at, and are told of while they stand open.
#[derive(Clone)]
pub(crate) struct Board(Arc<watch::Sender<Progress>>);

impl Default for Board {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Progress::default())))
    }
}

impl Board {
    pub fn read(&self) -> Progress {
        self.0.borrow().clone()
    }

    pub fn changes(&self) -> watch::Receiver<Progress> {
        self.0.subscribe()
    }

    fn set(&self, change: impl FnOnce(&mut Progress)) {
        self.0.send_if_modified(|progress| {
            let before = progress.clone();
            change(progress);
            *progress != before
        });
    }
}

/// Screens the filings of a node.
pub struct Watch {
    site: Site,
    scene: Supervise,
    hours: Hours,
    standing: tokio::sync::Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    rules: Option<Arc<Rules>>,
    /// The position that the last run was as of; nothing before the first.
    seen: Option<u64>,
    /// The day whose digest was sent.
    digested: Option<jiff::civil::Date>,
    /// The day on which links of dismissed flags were forgotten.
    forgot: Option<jiff::civil::Date>,
    /// Until when nothing is tried.
    pause: Option<Timestamp>,
    /// The registers in force, as rules read them.
    registers: registers::Open,
}

impl Watch {
    /// Of a node.
    pub fn new(site: Site, scene: Supervise, hours: Hours) -> Self {
        Self {
            site,
            scene,
            hours,
            standing: tokio::sync::Mutex::default(),
        }
    }

    /// Whether filings that the last run read stand in memory for the next one. What was erased from the ledger is not
    /// among them after a round.
    pub async fn keeps_filings(&self) -> bool {
        let standing = self.standing.lock().await;
        standing.rules.as_ref().is_some_and(|rules| rules.keeps())
    }

    /// Screens until the ledger is closed.
    ///
    /// # Errors
    /// When the store fails for good.
    pub async fn run(self) -> Result<(), CommandError> {
        let platform = self.site.platform().clone();
        rounds(&platform, || self.round()).await
    }

    /// Does what is due, and says when the next thing will be.
    ///
    /// # Errors
    /// When the store fails. Rules that cannot be run are logged and tried again.
    pub async fn round(&self) -> Result<Option<Timestamp>, CommandError> {
        let mut standing = self.standing.lock().await;
        let now = self.site.platform().clock().now();
        // First, and whatever becomes of the rules: what was erased from the ledger is not kept here, and no register
        // stays beyond its last day.
        let (platform, today) = (self.site.platform(), self.site.today());
        if let Some(rules) = &standing.rules {
            rules.forget_erased(platform)?;
        }
        let (scene, of) = (self.scene.clone(), platform.clone());
        let gone = self.scene.kept();
        let gone = gone.keep(async move { scene.let_erased_go(&of) }).await;
        gone.map_err(|error| CommandError::Append(error.to_string()))??;
        erase_said(platform, &self.cx()).await?;
        match keep_time(platform, self.scene.vault(), today, &self.cx()).await {
            Ok(()) => {}
            Err(RegisterError::Command(CommandError::Busy | CommandError::Contended(_))) => {
                return Ok(Some(now + SignedDuration::from_secs(1)));
            }
            Err(RegisterError::Command(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "registers could not be deleted");
                return Ok(Some(now + PAUSE));
            }
        }
        // A pause that is longer was begun by a clock that ran ahead.
        let paused = |until: &Timestamp| *until > now && *until <= now + PAUSE;
        let next = match standing.pause.filter(paused) {
            Some(until) => until,
            None => self.screened(&mut standing, now).await?,
        };
        // Whatever became of the rules: what they found before is told, and what is over is forgotten.
        self.digest(&mut standing).await?;
        self.forget(&mut standing).await?;
        Ok(Some(next))
    }

    /// Screens what is to be screened, and says when to look again.
    async fn screened(
        &self,
        standing: &mut Standing,
        now: Timestamp,
    ) -> Result<Timestamp, CommandError> {
        match self.screen(standing).await {
            Ok(()) => {
                standing.pause = None;
                self.scene.board().set(|progress| progress.failing = false);
                Ok(self.next(now))
            }
            // Somebody writes to the same flags: another node, most likely. The next round looks again.
            Err(WatchError::Command(CommandError::Busy | CommandError::Contended(_))) => {
                Ok(now + SignedDuration::from_secs(1))
            }
            Err(WatchError::Command(error)) => Err(error),
            Err(error) => {
                tracing::error!(%error, "rules could not be run");
                self.scene.board().set(|progress| {
                    progress.failing = true;
                    progress.running = None;
                });
                let until = now + PAUSE;
                standing.pause = Some(until);
                Ok(until)
            }
        }
    }

    /// The next time of day that concerns this.
    fn next(&self, now: Timestamp) -> Timestamp {
        // At midnight registers are deleted whose last day it was.
        let next = [Time::midnight(), self.hours.screen, self.hours.digest].map(|time| {
            let today = self.moment(now, time);
            if today > now {
                today
            } else {
                today + SignedDuration::from_hours(24)
            }
        });
        next[0].min(next[1]).min(next[2])
    }

    /// A time of today's.
    fn moment(&self, now: Timestamp, time: Time) -> Timestamp {
        // China has one zone, eight hours ahead, all year.
        let offset = Offset::constant(8);
        let day = offset.to_datetime(now).date();
        // Cannot fail: days of people's lives are far from the ends of the calendar.
        offset.to_timestamp(day.to_datetime(time)).unwrap_or(now)
    }

    async fn screen(&self, standing: &mut Standing) -> Result<(), WatchError> {
        let platform = self.site.platform();
        let renewed = standing.registers.renew(&self.site, &self.scene).await;
        if !matches!(renewed, Ok(false)) {
            // Others are compared with now, or none: what was said is said anew.
            standing.seen = None;
        }
        renewed?;
        let rules = self.rules(standing).await?;
        let Some(seen) = standing.seen else {
            return self.everything(standing, rules).await;
        };
        let due = platform.query(record::due)?;
        let now = platform.clock().now();
        let night = {
            let today = self.moment(now, self.hours.screen);
            if today > now {
                today - SignedDuration::from_hours(24)
            } else {
                today
            }
        };
        let is_of_tonight =
            |last: i64| (night.as_millisecond()..=(now + AHEAD).as_millisecond()).contains(&last);
        if due.asked || !due.last.is_some_and(is_of_tonight) {
            return self.everything(standing, rules).await;
        }
        let changed = platform.query(|of| changed_since(of, seen, MOST_CHANGED + 1))?;
        if changed.is_empty() {
            return Ok(());
        }
        if changed.len() as i64 > MOST_CHANGED {
            return self.everything(standing, rules).await;
        }
        let registers = standing.registers.tables().clone();
        let (site, as_of) = (self.site.clone(), self.site.today());
        let ran =
            blocking(move |cancel| rules.reached(site.platform(), &registers, as_of, seen, cancel))
                .await?;
        self.take(&ran, standing).await?;
        standing.seen = Some(ran.position);
        Ok(())
    }

    /// The rules of the newest declaration, with the county's parameters.
    async fn rules(&self, standing: &mut Standing) -> Result<Arc<Rules>, WatchError> {
        let declared = self.scene.newest(&self.site);
        let declared = declared.map_err(|problem| WatchError::Pack(problem.code))?;
        let platform = self.site.platform();
        let changed = platform.query(parameters::newest)?;
        let version = (declared.version, changed);
        let known = standing.rules.as_ref();
        if let Some(rules) = known.filter(|rules| rules.version == version) {
            return Ok(Arc::clone(rules));
        }
        let pack = self.scene.pack(&self.site);
        let pack = pack.map_err(|problem| WatchError::Pack(problem.code))?;
        let params = platform.query(|of| parameters::of(of, &pack))?;
        let (key, datum) = (self.scene.key().clone(), self.scene.datum());
        let rules = blocking(move |_| {
            let Declared { filing, .. } = declared;
            Rules::new(version, &filing, Pack::clone(&pack), key, datum, params)
        })
        .await?;
        let rules = Arc::new(rules);
        // Other items are asked for, or rules have other parameters: what was said is said anew.
        standing.seen = None;
        standing.rules = Some(Arc::clone(&rules));
        Ok(rules)
    }

    async fn everything(
        &self,
        standing: &mut Standing,
        rules: Arc<Rules>,
    ) -> Result<(), WatchError> {
        let registers = standing.registers.tables().clone();
        let (site, as_of) = (self.site.clone(), self.site.today());
        let board = self.scene.board().clone();
        let shown = board.clone();
        // How many steps there are is known once the county was read.
        board.set(|progress| progress.running = Some((0, 0)));
        let ran = blocking(move |cancel| {
            rules.everything(
                site.platform(),
                &registers,
                as_of,
                cancel,
                &|done, total| shown.set(|progress| progress.running = Some((done, total))),
            )
        })
        .await;
        let ran = match ran {
            Ok(ran) => ran,
            Err(error) => {
                board.set(|progress| progress.running = None);
                return Err(error);
            }
        };
        let taken = self.take(&ran, standing).await;
        board.set(|progress| progress.running = None);
        let changed = taken?;
        let platform = self.site.platform();
        let cx = self.cx();
        kandeng_platform::flag::draw(platform, &cx).await?;
        let done = record::RecordScreening {
            as_of,
            projects: ran.projects,
            rules: ran.rules,
            findings: ran.findings,
            changed,
            milliseconds: (ran.seconds * 1_000.0) as u64,
        };
        platform
            .carry_out::<Screening, _>(screening_id(), done, &cx)
            .await?;
        standing.seen = Some(ran.position);
        Ok(())
    }

    /// Makes flags of what was found, and gives how many changed.
    async fn take(&self, ran: &Ran, standing: &Standing) -> Result<usize, WatchError> {
        let cx = self.cx();
        // Before anything is shown that came of it.
        let (used, today) = (&ran.used, self.site.today());
        let registers = &standing.registers;
        registers.record(&self.site, used, today, &cx).await?;
        let filing = self.scene.newest(&self.site);
        let filing = filing
            .map_err(|problem| WatchError::Pack(problem.code))?
            .filing;
        let tell = |found: &Found| match &self.hours.channel {
            Some(channel) => alert::at_once(&self.site, &filing, found, channel),
            None => Ok(Vec::new()),
        };
        let sweep = Sweep::new(self.site.platform()).telling(&tell);
        let swept = sweep.take(&ran.runs, &cx).await?;
        if swept.left_out > 0 {
            tracing::warn!(
                findings = swept.left_out,
                "findings that no flag may hold were left out"
            );
        }
        Ok(swept.changed)
    }

    async fn digest(&self, standing: &mut Standing) -> Result<(), CommandError> {
        let Some(channel) = &self.hours.channel else {
            return Ok(());
        };
        let now = self.site.platform().clock().now();
        let due = self.moment(now, self.hours.digest);
        let today = self.site.today();
        if due > now || standing.digested == Some(today) {
            return Ok(());
        }
        let Ok(declared) = self.scene.newest(&self.site) else {
            // What is wrong was told where the rules were to run; the next round tries again.
            return Ok(());
        };
        let (site, filing) = (&self.site, &declared.filing);
        alert::digest(site, filing, (today, due), channel, &self.cx()).await?;
        standing.digested = Some(today);
        Ok(())
    }

    /// Once a day, and at start: whom flags point at that were dismissed long ago.
    async fn forget(&self, standing: &mut Standing) -> Result<(), CommandError> {
        let today = self.site.today();
        if standing.forgot == Some(today) {
            return Ok(());
        }
        let platform = self.site.platform();
        let kept = self.scene.days().forget();
        let Ok(before) = platform.clock().now().checked_sub(kept) else {
            return Ok(());
        };
        let Ok(pack) = self.scene.pack(&self.site) else {
            // What is wrong with the rules was told where they were to run.
            return Ok(());
        };
        // What tells two findings of a rule apart points at somebody as well as what names them: an account, a payee.
        let personal = pack.rules.iter().map(|rule| {
            let figures = rule.personal.iter().chain(&rule.key).cloned();
            (rule.id.clone(), figures.collect())
        });
        let forgotten = forget(platform, before, &personal.collect(), &self.cx()).await?;
        // As long as there are more, the next round goes on.
        if forgotten == 0 {
            standing.forgot = Some(today);
        }
        Ok(())
    }

    fn cx(&self) -> Context {
        Context {
            jurisdiction: self.site.jurisdiction().to_owned(),
            ..Context::of_the_platform(self.site.platform().clock().now())
        }
    }
}

/// Stops what runs on another thread when whoever waits for it goes: a node that is told to stop does not wait for rules.
struct Waited(Arc<AtomicBool>);

impl Drop for Waited {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs what takes time on a thread that may. It looks at what it is given to see whether it is to stop.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T, WatchError> + Send + 'static,
) -> Result<T, WatchError> {
    let stop = Arc::new(AtomicBool::new(false));
    let _waited = Waited(Arc::clone(&stop));
    match tokio::task::spawn_blocking(move || work(&stop)).await {
        Ok(done) => done,
        Err(error) => Err(CommandError::Append(error.to_string()).into()),
    }
}

/// The jurisdiction that a flag's subject lies in: that of the project, or that of the node.
pub(crate) fn place_of(
    site: &Site,
    connection: &rusqlite::Connection,
    kind: &str,
    subject: &str,
) -> rusqlite::Result<String> {
    let found: Option<String> = match kind {
        "project" => connection
            .prepare_cached("select jurisdiction from projects where code = ?1 order by withdrawn")?
            .query_row([subject], |row| row.get(0))
            .optional()?,
        _ => None,
    };
    Ok(found.unwrap_or_else(|| site.jurisdiction().to_owned()))
}
