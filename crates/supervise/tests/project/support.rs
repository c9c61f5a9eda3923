//! A node with the tables of projects, a vault, and a county's key.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::SigningKey;
use kandeng_platform::vault::{MasterKey, Vault};
use kandeng_platform::{
    Answer, Clock as _, CommandError, Context, Decide, Language, Parts, Platform, RandomIds,
    Refusal, SetClock,
};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, Import, ImportOptions};
use kandeng_supervise::project::{
    AdoptDeclaration, ChangeItems, Declaration, Declared, Edit, FileProject, Filed, Hiding,
    ImportPlan, Project, ProjectPage, declaration_id, hide, newest, page, tables, version,
};
use kandeng_supervise::synth::{self, Format, SYNTHETIC_KEY, SynthOptions};
use uuid::Uuid;

pub const AS_OF: Date = date(2026, 6, 30);
pub const CLERK: Uuid = Uuid::from_u128(1);
pub const OTHER_CLERK: Uuid = Uuid::from_u128(2);
pub const REVIEWER: Uuid = Uuid::from_u128(3);
pub const DEPARTMENT: Uuid = Uuid::from_u128(4);

pub struct Node {
    pub platform: Platform,
    pub vault: Vault,
    pub key: IdentityKey,
    pub clock: Arc<SetClock>,
    folder: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

impl Node {
    /// A new one, with the declaration that this build carries.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut node = Self::at(folder.path());
        node.temporary = Some(folder);
        node.adopt();
        node
    }

    /// In a folder that stays.
    pub fn at(folder: &Path) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Arc::new(SetClock::at(start));
        let platform = Platform::open(Parts {
            database: folder.join("kandeng.db"),
            signing: SigningKey::from_secret("ledger.example/99", &[7; 32]).unwrap(),
            naming: [3; 32],
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(RandomIds),
            tables: tables(),
            follow_ups: BTreeMap::new(),
            channel: "log".to_owned(),
        })
        .unwrap();
        let master = folder.join("master.key");
        if !master.is_file() {
            MasterKey::generate().unwrap().write(&master).unwrap();
        }
        let master = MasterKey::read(&master).unwrap();
        Self {
            vault: platform
                .open_vault(&folder.join("keys.db"), master)
                .unwrap(),
            platform,
            key: IdentityKey::from_bytes(SYNTHETIC_KEY),
            clock,
            folder: folder.to_owned(),
            temporary: None,
        }
    }

    pub fn adopt(&self) {
        let adopt = AdoptDeclaration {
            text: Filing::embedded_text().to_owned(),
        };
        self.carry_out::<Declaration, _>(declaration_id(), adopt, &self.cx(CLERK))
            .unwrap();
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A minute later than anything before.
    pub fn cx(&self, actor: Uuid) -> Context {
        self.clock
            .set(self.clock.now() + SignedDuration::from_mins(1));
        Context {
            actor,
            jurisdiction: "990101001".to_owned(),
            at: self.clock.now(),
            language: Language::Zh,
            command: None,
        }
    }

    pub fn carry_out<A, C>(
        &self,
        id: Uuid,
        command: C,
        cx: &Context,
    ) -> Result<Answer, CommandError>
    where
        A: Decide<C>,
        C: Clone,
    {
        block_on(self.platform.carry_out::<A, C>(id, command, cx))
    }

    pub fn declared(&self) -> Declared {
        self.platform.query(newest).unwrap().unwrap()
    }

    pub fn page(&self, id: Uuid) -> ProjectPage {
        let filing = self.declared().filing;
        self.platform
            .query(|of| page(of, &filing, id))
            .unwrap()
            .unwrap()
    }

    pub fn file(&self, code: &str, edit: Edit, actor: Uuid) -> Result<Uuid, CommandError> {
        let declared = self.declared();
        let id = self.platform.new_id();
        let mut hiding = Hiding::new(&self.platform, &self.vault, &self.key);
        let (edit, people) = hide(
            &mut hiding,
            &declared.filing,
            code,
            &Filed::default(),
            &[],
            edit,
        )
        .unwrap();
        let file = FileProject {
            id,
            filing: declared.filing,
            declaration: declared.version,
            code: code.to_owned(),
            stage: None,
            edit,
            people,
            file: None,
        };
        self.carry_out::<Project, _>(id, file, &self.cx(actor))?;
        Ok(id)
    }

    /// Changes items as somebody does who looks at `seen`.
    pub fn change(
        &self,
        seen: &ProjectPage,
        edit: Edit,
        actor: Uuid,
    ) -> Result<Answer, CommandError> {
        let declared = self
            .platform
            .query(|of| version(of, seen.row.declaration))
            .unwrap()
            .unwrap();
        let mut hiding = Hiding::new(&self.platform, &self.vault, &self.key);
        let (edit, people) = hide(
            &mut hiding,
            &declared.filing,
            &seen.row.code,
            &seen.filed,
            &seen.order(),
            edit,
        )
        .unwrap();
        let change = ChangeItems {
            filing: declared.filing,
            based_on: seen.based_on(),
            edit,
            people,
            file: None,
        };
        self.carry_out::<Project, _>(seen.row.id, change, &self.cx(actor))
    }

    /// Everything that the ledger holds, as text.
    pub fn everything(&self) -> String {
        let mut text = String::new();
        let size = self.platform.ledger().checkpoint().unwrap().size;
        let mut from = 0;
        while from < size {
            for event in self.platform.ledger().read_from(from, 500).unwrap() {
                text.push_str(&event.payload.unwrap().to_string());
                from += 1;
            }
        }
        text
    }

    pub fn options(&self) -> ImportOptions {
        let mut options = ImportOptions::new(self.key.clone());
        options.filing = self.declared().filing;
        options
    }

    pub fn read(&self, path: &Path) -> Import {
        import::read(&[path.to_owned()], &self.options()).unwrap()
    }

    pub fn plan(&self, path: &Path) -> ImportPlan {
        ImportPlan::new(&self.platform, self.read(path), &self.options(), &|_, _| {}).unwrap()
    }

    pub fn take(&self, plan: &ImportPlan) -> kandeng_supervise::project::Taken {
        let cx = self.cx(CLERK);
        block_on(plan.take(&self.platform, &self.vault, &cx, &|_, _| {})).unwrap()
    }
}

pub fn refusal(error: CommandError) -> Refusal {
    match error {
        CommandError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A fictional county on disk.
pub fn synthetic(projects: usize, payments: usize, format: Format, folder: &Path) -> PathBuf {
    synthetic_of(7, projects, payments, format, folder)
}

/// The same of a seed.
pub fn synthetic_of(
    seed: u64,
    projects: usize,
    payments: usize,
    format: Format,
    folder: &Path,
) -> PathBuf {
    let mut options = SynthOptions::new(projects, seed, AS_OF);
    options.payments_per_project = payments;
    let never = AtomicBool::new(false);
    synth::write(&options, format, folder, |_, _| {}, &never).unwrap();
    match format {
        Format::Xlsx => folder.join("county.xlsx"),
        _ => folder.to_owned(),
    }
}
