//! The scene, as the platform meets it: what its pages and its work at night share.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kandeng_geo::Datum;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::flag::registers_compared;
use kandeng_platform::node::{DeskAt, Evidence};
use kandeng_platform::page::{Entry, Problem, Routes, Site};
use kandeng_platform::vault::Vault;
use kandeng_platform::{CommandError, EventKinds, Platform, Scene, Tables, Work};
use kandeng_screening::pack::Pack;

use crate::draft::{DeskSettings, DraftDesk};
use crate::import::IdentityKey;
use crate::kept::Kept;
use crate::officer::{ParameterTables, Parameters, ViewTables, Views, parameters};
use crate::project::{self, Declared};
use crate::register::{Confided, Register, RegisterTables, RegisterUse};
use crate::watch::{Board, Hours, Screening, ScreeningTables, Watch};
use crate::{api, packs, pages};

/// Supervision of publicly funded projects. Copies share what they hold.
#[derive(Clone)]
pub struct Supervise(Arc<Shared>);

struct Shared {
    vault: Arc<Vault>,
    key: IdentityKey,
    settings: Settings,
    /// Versions of the declaration that were read, by number.
    declared: Mutex<HashMap<u32, Declared>>,
    /// Where drafts are checked, by the newest version of the declaration and the newest change of a parameter.
    desk: Mutex<Option<(Version, Arc<DraftDesk>)>>,
    /// The rules, by the newest version.
    pack: Mutex<Option<(u32, Arc<Pack>)>>,
    /// Which rules compare with registers that nobody reads, by the newest version.
    confided: Mutex<Option<(u32, Arc<Confided>)>>,
    /// How screening is getting on.
    board: Board,
    /// Files that were read and wait to be taken.
    waiting: pages::Waiting,
    /// What the desk has counted.
    counts: pages::Counts,
    /// Pages of the queue.
    queue: pages::Queue,
    /// Pages of projects.
    project_pages: pages::ProjectPages,
    /// Files that filings name.
    kept: Kept,
}

/// Of the declaration, and the position of the newest change of a parameter.
type Version = (u32, i64);

/// What a county has set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The datum of boundaries that name none.
    pub datum: Option<Datum>,
    /// When what is done, and how people are told.
    pub hours: Hours,
    /// How long people have for what they work on.
    pub desk: DeskAt,
    /// A folder that only this program reads, where files are while they are read.
    pub uploads: PathBuf,
    /// Where the files that filings name are kept.
    pub evidence: Evidence,
    /// A folder for small copies of photos. What is in it can be made again.
    pub previews: PathBuf,
}

impl Supervise {
    /// With the vault that names of people are kept in, and the county's key for numbers of people and accounts.
    pub fn new(vault: Arc<Vault>, key: IdentityKey, settings: Settings) -> Self {
        let kept = Kept::new(settings.evidence.clone(), settings.previews.clone());
        Self(Arc::new(Shared {
            kept,
            vault,
            key,
            settings,
            declared: Mutex::default(),
            desk: Mutex::default(),
            pack: Mutex::default(),
            confided: Mutex::default(),
            board: Board::default(),
            waiting: pages::Waiting::default(),
            counts: pages::Counts::default(),
            queue: pages::Queue::default(),
            project_pages: pages::ProjectPages::default(),
        }))
    }

    pub(crate) fn uploads(&self) -> &Path {
        &self.0.settings.uploads
    }

    /// How long people have for what they work on.
    pub(crate) fn days(&self) -> DeskAt {
        self.0.settings.desk
    }

    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.0.vault
    }

    pub(crate) fn key(&self) -> &IdentityKey {
        &self.0.key
    }

    pub(crate) fn datum(&self) -> Option<Datum> {
        self.0.settings.datum
    }

    pub(crate) fn counts(&self) -> &pages::Counts {
        &self.0.counts
    }

    pub(crate) fn queue(&self) -> &pages::Queue {
        &self.0.queue
    }

    pub(crate) fn project_pages(&self) -> &pages::ProjectPages {
        &self.0.project_pages
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.0.kept
    }

    /// Sees to it that this node has no bytes of files that were erased for good, and no previews of them. Blocks.
    pub(crate) fn let_erased_go(&self, platform: &Platform) -> Result<(), CommandError> {
        for sha256 in platform.query(project::erased_files)? {
            if let Err(error) = self.kept().erase(&sha256) {
                // The next round tries again.
                tracing::error!(%error, "a file that was erased could not be removed");
            }
        }
        Ok(())
    }

    pub(crate) fn waiting(&self) -> &pages::Waiting {
        &self.0.waiting
    }

    /// How screening is getting on.
    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }

    /// The newest version of the declaration.
    pub(crate) fn newest(&self, site: &Site) -> Result<Declared, Problem> {
        let number: Option<u32> = site.platform().query(|connection| {
            connection
                .prepare_cached("select max(version) from declarations")?
                .query_row([], |row| row.get(0))
        })?;
        self.declared(site, number.unwrap_or(0))
    }

    /// A version of the declaration.
    pub(crate) fn declared(&self, site: &Site, version: u32) -> Result<Declared, Problem> {
        let known = || {
            self.0
                .declared
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(declared) = known().get(&version) {
            return Ok(declared.clone());
        }
        let read = site
            .platform()
            .query(|connection| project::version(connection, version))?;
        // A node adopts one when it is made.
        let declared = read.ok_or_else(Problem::not_found)?;
        known().insert(version, declared.clone());
        Ok(declared)
    }

    /// The rules for the newest version of the declaration.
    pub(crate) fn pack(&self, site: &Site) -> Result<Arc<Pack>, Problem> {
        let newest = self.newest(site)?;
        let mut known = self.0.pack.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, pack)) = known.as_ref()
            && *version == newest.version
        {
            return Ok(Arc::clone(pack));
        }
        let pack = packs::county(&newest.filing, &[]).map_err(|errors| {
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Problem::fault(&std::io::Error::other(told.join("; ")))
        })?;
        let pack = Arc::new(pack);
        *known = Some((newest.version, Arc::clone(&pack)));
        Ok(pack)
    }

    /// Which rules compare with registers that nobody reads, or did when they raised a flag.
    pub(crate) fn confided(&self, site: &Site) -> Result<Confided, Problem> {
        let compared = site.platform().query(registers_compared)?;
        Ok(Confided::clone(&*self.confided_now(site)?).with(compared))
    }

    /// Those of the pack, for the newest version of the declaration.
    fn confided_now(&self, site: &Site) -> Result<Arc<Confided>, Problem> {
        let newest = self.newest(site)?;
        let pack = self.pack(site)?;
        let confided = &self.0.confided;
        let mut known = confided.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, confided)) = known.as_ref()
            && *version == newest.version
        {
            return Ok(Arc::clone(confided));
        }
        let made = Arc::new(Confided::of(&pack, &newest.filing));
        *known = Some((newest.version, Arc::clone(&made)));
        Ok(made)
    }

    /// Where drafts are checked by the newest version of the declaration. Planning the rules takes a moment: the
    /// first who asks waits. Blocks.
    pub(crate) fn desk(&self, site: &Site) -> Result<Arc<DraftDesk>, Problem> {
        let newest = self.newest(site)?;
        let changed = site.platform().query(parameters::newest)?;
        let wanted = (newest.version, changed);
        let mut desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, desk)) = desk.as_ref()
            && *known == wanted
        {
            return Ok(Arc::clone(desk));
        }
        let pack = Pack::clone(&*self.pack(site)?);
        let settings = DeskSettings {
            filing: Arc::clone(&newest.filing),
            datum: self.datum(),
            params: site.platform().query(|of| parameters::of(of, &pack))?,
            ..DeskSettings::new(self.key().clone())
        };
        let made = DraftDesk::open(settings, pack, site.today());
        let made = Arc::new(made.map_err(|error| Problem::fault(&error))?);
        *desk = Some((wanted, Arc::clone(&made)));
        Ok(made)
    }
}

/// The kinds of events of this scene's streams.
pub fn event_kinds() -> Vec<EventKinds> {
    let mut kinds = project::event_kinds();
    kinds.push(EventKinds::of::<Screening>());
    kinds.push(EventKinds::of::<Parameters>());
    kinds.push(EventKinds::of::<Views>());
    kinds.push(EventKinds::of::<Register>());
    kinds.push(EventKinds::of::<RegisterUse>());
    kinds
}

/// The tables that this scene fills.
pub fn tables() -> Vec<Box<dyn Tables>> {
    let mut tables = project::tables();
    tables.push(Box::new(ScreeningTables));
    tables.push(Box::new(ParameterTables));
    tables.push(Box::new(ViewTables));
    tables.push(Box::new(RegisterTables));
    tables
}

impl Scene for Supervise {
    fn name(&self) -> &'static str {
        "supervise"
    }

    fn event_kinds(&self) -> Vec<EventKinds> {
        event_kinds()
    }

    fn tables(&self) -> Vec<Box<dyn Tables>> {
        tables()
    }

    fn follow_ups(&self) -> BTreeMap<String, kandeng_platform::FollowUp> {
        BTreeMap::new()
    }

    fn work(&self, site: Site) -> Vec<Work> {
        let watch = Watch::new(site, self.clone(), self.0.settings.hours.clone());
        vec![Box::pin(watch.run())]
    }

    fn routes(&self) -> Routes {
        pages::routes().and(api::routes()).with(self.clone())
    }

    fn api(&self) -> serde_json::Value {
        api::document()
    }

    fn entries(&self, site: &Site, viewer: &Viewer) -> Vec<Entry> {
        let words = pages::words(viewer.language);
        let entry = |href: &str, label: &str| Entry {
            href: href.to_owned(),
            label: words.say(label),
            count: None,
        };
        let mut entries = Vec::new();
        if site.widest(viewer, Action::ViewDesk).is_some() {
            // A count that cannot be read is left out: the page itself says what is wrong.
            let open = self.counts().open_doubts(site, viewer).ok();
            entries.push(Entry {
                count: open.filter(|open| *open > 0),
                ..entry("/supervise/desk", "desk")
            });
            entries.push(entry("/supervise/cases", "cases"));
        }
        let sees = site.widest_for(viewer, Action::ViewProject, Resource::new_project);
        if sees.is_some() {
            entries.push(entry("/supervise/projects", "projects"));
        }
        let waiting = pages::waiting_questions(site, viewer).unwrap_or(0);
        if waiting > 0 || pages::has_questions(site, viewer).unwrap_or(false) {
            entries.push(Entry {
                count: Some(waiting).filter(|waiting| *waiting > 0),
                ..entry("/supervise/questions", "questions")
            });
        }
        for (action, href, label) in [
            (Action::ViewRules, "/supervise/rules", "rules"),
            (Action::ImportFilings, "/supervise/import", "import"),
            (Action::ExportFilings, "/supervise/export", "export"),
            (
                Action::ChangeDeclaration,
                "/supervise/declaration",
                "declaration",
            ),
        ] {
            if site.widest(viewer, action).is_some() {
                entries.push(entry(href, label));
            }
        }
        if pages::sees_registers(site, viewer) {
            entries.push(entry("/supervise/registers", "registers"));
        }
        if site.widest(viewer, Action::ViewNumbers).is_some() {
            entries.push(entry("/supervise/numbers", "numbers"));
        }
        entries
    }
}
