//! A register's file arrives, is read and taken. Numbers of people stand in it: it is overwritten before anybody is
//! answered.

use std::io::{Seek as _, Write as _};
use std::path::Path;

use axum::extract::Multipart;
use jiff::civil::Date;
use kandeng_platform::page::{Problem, Site};
use kandeng_platform::{CommandError, Context, Language, Text};
use tempfile::TempDir;

use super::super::arrived::{Arrived, Most, receive};
use super::super::import::diagnostic;
use super::super::words::{both, words};
use super::{MOST_BYTES, problem};
use crate::import::ImportOptions;
use crate::register::{self, KINDS, MOST_TEXT, RegisterError, Terms};
use crate::scene::Supervise;

/// One file, and fields as long as a text of [`MOST_TEXT`] characters.
const MOST: Most = Most {
    files: 1,
    bytes: MOST_BYTES as u64,
    field: MOST_TEXT * 4,
};

/// The kinds of file that are taken, by their endings.
const ENDINGS: [&str; 5] = ["xlsx", "xlsm", "xls", "ods", "csv"];

/// What was typed, for a form that comes back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub register: String,
    pub purpose: String,
    pub basis: String,
    pub expires: String,
}

impl From<&Arrived> for Typed {
    fn from(arrived: &Arrived) -> Self {
        let field = |name: &str| arrived.field(name).to_owned();
        Self {
            register: field("register"),
            purpose: field("purpose"),
            basis: field("basis"),
            expires: field("expires"),
        }
    }
}

/// A form with a register's file.
pub(crate) struct Sent {
    pub arrived: Arrived,
    folder: Wiped,
}

/// A folder whose files are overwritten when it goes.
struct Wiped(TempDir);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(self.0.path());
    }
}

impl Sent {
    pub async fn receive(scene: &Supervise, form: Multipart) -> Result<Self, Problem> {
        let folder = tempfile::tempdir_in(scene.uploads());
        let folder = Wiped(folder.map_err(|error| Problem::fault(&error))?);
        let arrived = receive(form, folder.0.path(), MOST).await?;
        Ok(Self { arrived, folder })
    }

    /// Reads the register and takes it, in place of the one before; or why not.
    pub async fn taken(
        self,
        site: &Site,
        scene: &Supervise,
        typed: &Typed,
        cx: &Context,
    ) -> Result<Result<(), Vec<Text>>, Problem> {
        if let Some(refused) = self.arrived.refused {
            return Ok(Err(vec![refused]));
        }
        let file = self.arrived.files.first();
        let file = file.and_then(|file| Some((file, ending_of(&file.name)?)));
        let known = KINDS.iter().find(|kind| **kind == typed.register);
        let (Some((file, ending)), Some(kind)) = (file, known) else {
            return Ok(Err(vec![both("choose-a-register-file")]));
        };
        let Ok(expires) = typed.expires.trim().parse::<Date>() else {
            return Ok(Err(vec![both("register-last-day-needed")]));
        };
        // A CSV says by its name which table it is.
        let path = self.folder.0.path().join(format!("{kind}.{ending}"));
        std::fs::rename(&file.path, &path).map_err(|error| Problem::fault(&error))?;
        let options = ImportOptions {
            filing: scene.newest(site)?.filing,
            datum: scene.datum(),
            as_of: Some(site.today()),
            ..ImportOptions::new(scene.key().clone())
        };
        let folder = self.folder;
        // Where the file lies here is nobody's business: it is called as it came.
        let (own, name) = (path.display().to_string(), file.name.clone());
        // Reading takes seconds: on a thread that may. What was typed in the file is gone before anybody is answered.
        let read = tokio::task::spawn_blocking(move || {
            let read = register::read(kind, &path, &options);
            drop(folder);
            read
        })
        .await
        .map_err(|error| Problem::fault(&error))?;
        let rows = match read {
            Ok(rows) => rows,
            Err(bad) => {
                let of = |language, one| diagnostic(words(language), one).replace(&own, &name);
                let told = bad
                    .iter()
                    .map(|one| Text::new(of(Language::Zh, one), of(Language::En, one)));
                return Ok(Err(told.collect()));
            }
        };
        let terms = Terms {
            purpose: typed.purpose.clone(),
            basis: typed.basis.clone(),
            expires,
        };
        match register::bring_in(site, scene.vault(), rows, terms, cx).await {
            Ok(()) => Ok(Ok(())),
            Err(RegisterError::Command(CommandError::Refused(refusal))) => {
                Ok(Err(vec![refusal.text]))
            }
            Err(error) => Err(problem(error)),
        }
    }
}

/// The ending of a file's name, where it is one that is taken.
fn ending_of(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let mut endings = ENDINGS.into_iter();
    endings.find(|ending| name.ends_with(&format!(".{ending}")))
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
