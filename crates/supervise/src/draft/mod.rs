//! One filing as it stands in a form, before anybody has filed it: what a clerk typed, read as the
//! import reads it, and checked by the rules that whoever files may see.
//!
//! Knows neither pages nor stores. Officers' rules cannot be reached from here.

mod filed;
mod marks;
pub(crate) mod reader;
mod typed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::civil::Date;
use kandeng_geo::Datum;
use kandeng_screening::pack::{Pack, Param};
use kandeng_screening::{
    DraftAnswer, DraftCheck, DraftSettings, EngineError, Failure, Finding, Tables, Text,
};

pub use filed::{Filed, FiledPayment};
pub use typed::Draft;

use crate::diagnostic::Severity;
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::packs;
use reader::Reader;

/// The kind of subject that a filing is about.
const PROJECT: &str = "project";

/// What a county's desk for drafts is told.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// The declaration of items.
    pub filing: Arc<Filing>,
    /// The county's key, for numbers of people and accounts.
    pub key: IdentityKey,
    /// The datum of boundaries that name none.
    pub datum: Option<Datum>,
    /// Registers that drafts are compared with, such as `divisions`. They stay in place.
    pub registers: Tables,
    /// Values for parameters, by rule and name.
    pub params: BTreeMap<(String, String), Param>,
    /// Drafts that are checked at the same time; others wait their turn.
    pub at_once: usize,
}

impl DeskSettings {
    /// The embedded declaration, no registers, as many drafts at once as there are cores.
    pub fn new(key: IdentityKey) -> Self {
        Self {
            filing: Arc::new(Filing::embedded().clone()),
            key,
            datum: None,
            registers: Tables::new(),
            params: BTreeMap::new(),
            at_once: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

/// Where a form puts what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPlace {
    /// The item, by its key.
    pub item: Option<String>,
    /// The table: `projects` for the form's own fields, else one of its lists.
    pub table: String,
    /// The row of a list, from 0; none for the form's own fields and for a list as a whole.
    pub row: Option<usize>,
    /// The field; none when a row or a list is meant as a whole.
    pub column: Option<String>,
}

/// What is to be said about one field before any rule is asked: it cannot be read, or was read in
/// another way than it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldNote {
    /// The field.
    pub place: FieldPlace,
    /// An error where the value was not taken, a warning where it was.
    pub severity: Severity,
    /// The value, shortened, without numbers that may name somebody.
    pub value: Option<String>,
    /// What is wrong and what was expected.
    pub message: Text,
}

/// A finding, and the fields to mark.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// What the rule found.
    pub finding: Finding,
    /// The fields that it is about.
    pub places: Vec<FieldPlace>,
}

/// What the desk says about a draft.
#[derive(Clone, Debug, Default)]
pub struct CheckedDraft {
    /// Fields that could not be read as they were written.
    pub notes: Vec<FieldNote>,
    /// What the rules found.
    pub doubts: Vec<Doubt>,
    /// Every rule's answer; a rule that does not apply gives none.
    pub answers: Vec<DraftAnswer>,
    /// Rules that gave no answer, because they failed.
    pub failures: Vec<Failure>,
}

/// A county's desk where drafts are checked, warm: rules are planned once a day, not once a draft.
/// One desk serves any number of threads.
///
/// ```no_run
/// use jiff::civil::date;
/// use kandeng_supervise::draft::{DeskSettings, Draft, DraftDesk};
/// use kandeng_supervise::import::IdentityKey;
///
/// let settings = DeskSettings::new(IdentityKey::load_or_create("county.key".as_ref())?);
/// let pack = kandeng_supervise::packs::county(&settings.filing, &[]).expect("the rules");
/// let today = date(2026, 6, 30);
/// let desk = DraftDesk::open(settings, pack, today)?;
///
/// let draft = Draft::new()
///     .with("project_code", "99010120250001")
///     .with("approved_budget", "60万元")
///     .with("approval_date", "2025年3月14日")
///     .with_row("payments", [("date", "2025/3/1"), ("amount", "¥12,000.00")]);
/// let checked = desk.check(&draft, today, None)?;
/// for doubt in &checked.doubts {
///     println!("{:?}: {}", doubt.places, doubt.finding.says.zh);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DraftDesk {
    settings: DeskSettings,
    pack: Pack,
    reader: Reader,
    today: RwLock<Arc<DraftCheck>>,
    /// Held while rules are planned, so that a new day plans them once.
    planning: Mutex<()>,
}

impl DraftDesk {
    /// Plans the rules of a pack for a day.
    ///
    /// # Errors
    /// Every statement that cannot be planned; a register that cannot be read.
    pub fn open(settings: DeskSettings, pack: Pack, as_of: Date) -> Result<Self, EngineError> {
        let reader = Reader::new(&settings);
        let today = RwLock::new(Arc::new(plan(&settings, &pack, as_of)?));
        Ok(Self {
            settings,
            pack,
            reader,
            today,
            planning: Mutex::new(()),
        })
    }

    /// Reads and checks a draft, and waits for its turn while as many are checked as may be. Blocks:
    /// a server asks from a thread that may. The first draft of a day waits for the rules' planning.
    ///
    /// `filed` knows the other filings. Without it, Q09 (a code or voucher that appears twice) can
    /// only compare the draft's own rows: what it finds there it says, but it does not pass.
    ///
    /// # Errors
    /// When the machine refuses, or the rules cannot be planned for this day.
    pub fn check(
        &self,
        draft: &Draft,
        as_of: Date,
        filed: Option<&dyn Filed>,
    ) -> Result<CheckedDraft, EngineError> {
        let read = self
            .reader
            .read(draft, filed)
            .map_err(|error| EngineError::Machine(error.to_string()))?;
        let mut compared = BTreeSet::new();
        if filed.is_some() {
            compared.extend(filed::COMPARED.iter().map(|rule| (*rule).to_owned()));
        }
        let outcome = self.on(as_of)?.check(&read.tables, &read.code, &compared);
        let doubts = outcome
            .findings
            .into_iter()
            .map(|finding| Doubt {
                places: marks::places(&self.settings.filing, draft, &finding),
                finding,
            })
            .collect();
        Ok(CheckedDraft {
            notes: read.notes,
            doubts,
            answers: outcome.answers,
            failures: outcome.failures,
        })
    }

    /// The rules as planned for a day.
    fn on(&self, as_of: Date) -> Result<Arc<DraftCheck>, EngineError> {
        let current = || {
            // A pointer that a panic left behind is whole.
            let check = Arc::clone(&self.today.read().unwrap_or_else(PoisonError::into_inner));
            (check.as_of() == as_of).then_some(check)
        };
        if let Some(check) = current() {
            return Ok(check);
        }
        let _turn = self.planning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = current() {
            return Ok(check);
        }
        let check = Arc::new(plan(&self.settings, &self.pack, as_of)?);
        *self.today.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&check);
        Ok(check)
    }
}

fn plan(settings: &DeskSettings, pack: &Pack, as_of: Date) -> Result<DraftCheck, EngineError> {
    let mut checks = DraftSettings::new(as_of);
    checks.params.clone_from(&settings.params);
    checks.labels = packs::labels(&settings.filing);
    checks.at_once = settings.at_once;
    let items = packs::items(&settings.filing);
    DraftCheck::new(pack, Some(&items), PROJECT, checks, &settings.registers)
}
