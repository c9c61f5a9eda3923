//! A fictional county, believable and deterministic, with planted irregularities and their answers.
//! Generates and writes; reads nothing, screens nothing, and knows rules only by their ids.

mod answers;
mod brief;
mod calendar;
mod codes;
mod county;
mod disturb;
mod error;
mod ground;
mod labels;
mod life;
mod money;
mod names;
mod photo_files;
mod place;
mod plant;
mod random;
mod record;
mod registers;
mod rows;
mod sinks;
mod tables;

pub use answers::Answer;
pub use codes::{SYNTHETIC_KEY, is_valid_uscc};
pub use county::County;
pub use error::SynthError;

use kandeng_screening::{Batches, Tables};
use sinks::Sink;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use tables::{Sheet, TABLES, at};

/// Most photo rows for which files are written too.
pub const MOST_PHOTO_FILES: usize = 20_000;
/// Most payments of a project.
const MOST_PAYMENTS: usize = 10_000;
/// Projects made at a time; what is written does not depend on it.
const CHUNK: usize = 2048;

/// What county to make. The same options give the same county, byte for byte.
#[derive(Clone, Debug)]
pub struct SynthOptions {
    /// Projects, from 50 to 1,000,000. Above 6,000 they fill several fictional counties.
    pub projects: usize,
    /// Seed of everything drawn.
    pub seed: u64,
    /// The day up to which things have happened; the projects lie in the three years before it.
    pub as_of: jiff::civil::Date,
    /// About how many photos. Up to 20,000 are written as JPEG files too; above, or when not given
    /// (some six a project), they exist as rows only.
    pub photos: Option<usize>,
    /// Payments of a finished project, about; at least 7.
    pub payments_per_project: usize,
}

impl SynthOptions {
    /// A county of that size with the usual density of payments and photos as rows.
    pub fn new(projects: usize, seed: u64, as_of: jiff::civil::Date) -> Self {
        Self {
            projects,
            seed,
            as_of,
            photos: None,
            payments_per_project: 10,
        }
    }

    fn check(&self, format: Option<Format>) -> Result<(), SynthError> {
        if !(50..=1_000_000).contains(&self.projects) {
            return Err(SynthError::Projects(self.projects));
        }
        if !(1990..=2190).contains(&self.as_of.year()) {
            return Err(SynthError::AsOf(self.as_of));
        }
        if self.payments_per_project > MOST_PAYMENTS {
            return Err(SynthError::Payments(self.payments_per_project));
        }
        let most = self.projects.saturating_mul(
            self.payments_per_project
                .max(self.photos.unwrap_or(0) / self.projects),
        );
        if format == Some(Format::Xlsx) && most > 900_000 {
            return Err(SynthError::TooManyRows(most));
        }
        Ok(())
    }

    fn writes_photo_files(&self) -> bool {
        self.photos
            .is_some_and(|photos| photos > 0 && photos <= MOST_PHOTO_FILES)
    }
}

/// How a county is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One workbook, `county.xlsx`, with Chinese headers.
    Xlsx,
    /// A file per table, English keys as headers.
    Csv,
    /// A file per table, typed as the rules read it.
    Parquet,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Files, photos left out, in the order they were made.
    pub files: Vec<PathBuf>,
    /// Rows of each table.
    pub rows: Vec<(&'static str, usize)>,
    /// Photo files.
    pub photo_files: usize,
    /// Lines of `answers/answers.csv`.
    pub answers: usize,
}

/// A county in memory: its tables as the rules read them (without `row_no`), and what was planted.
#[derive(Debug)]
pub struct Generated {
    /// Every table by name, registers included.
    pub tables: Tables,
    /// What must be found.
    pub answers: Vec<Answer>,
}

/// Makes a county in memory. Meant for some thousands of projects.
///
/// # Errors
/// When the options are out of range.
pub fn generate(options: &SynthOptions) -> Result<Generated, SynthError> {
    options.check(None)?;
    let county = County::of(options);
    let mut tables = Tables::new();
    let mut batches: Vec<Vec<_>> = TABLES.iter().map(|_| Vec::new()).collect();
    for step in 0..steps(&county) {
        for sheet in make(&county, step, None, &AtomicBool::new(false))? {
            let table = sheet.table;
            batches[table].push(sheet.into_batch()?);
        }
    }
    for (table, parts) in TABLES.iter().zip(batches) {
        tables.insert(table.key, Arc::new(Batches::new(table.schema(), parts)));
    }
    Ok(Generated {
        tables,
        answers: answers::answers(&county),
    })
}

/// Writes a county to a folder, which is made if need be: the tables, `identity.key`
/// (the key to read it with), `answers/answers.csv`, and `photos/`.
/// `progress` is told projects done and to do. Files appear only when all are complete.
///
/// # Errors
/// When the options are out of range, a file cannot be written, or `cancel` was set meanwhile; then
/// nothing is left behind.
pub fn write(
    options: &SynthOptions,
    format: Format,
    out: &Path,
    mut progress: impl FnMut(usize, usize),
    cancel: &AtomicBool,
) -> Result<Written, SynthError> {
    options.check(Some(format))?;
    let county = County::of(options);
    let is_new = !out.exists();
    std::fs::create_dir_all(out).map_err(|source| SynthError::io(out, source))?;
    let result = write_beside(&county, options, format, out, &mut progress, cancel);
    if result.is_err() && is_new {
        // Best effort: the error that is reported matters more than an empty folder left over.
        let _ = std::fs::remove_dir(out);
    }
    result
}

fn write_beside(
    county: &County,
    options: &SynthOptions,
    format: Format,
    out: &Path,
    progress: &mut impl FnMut(usize, usize),
    cancel: &AtomicBool,
) -> Result<Written, SynthError> {
    let beside = tempfile::Builder::new()
        .prefix(".kandeng-synth-")
        .tempdir_in(out)
        .map_err(|source| SynthError::io(out, source))?;
    let named = |error: SynthError| error.named_in(beside.path(), out);
    fill(
        county,
        options,
        format,
        (beside.path(), out),
        progress,
        cancel,
    )
    .map_err(named)
}

/// Writes everything to a folder beside, then moves it to where it was asked for.
fn fill(
    county: &County,
    options: &SynthOptions,
    format: Format,
    (beside, out): (&Path, &Path),
    progress: &mut impl FnMut(usize, usize),
    cancel: &AtomicBool,
) -> Result<Written, SynthError> {
    let photos = options.writes_photo_files().then(|| beside.join("photos"));
    if let Some(folder) = &photos {
        std::fs::create_dir(folder).map_err(|source| SynthError::io(folder, source))?;
    }
    let mut sink = Sink::open(format, beside)?;
    let mut rows = vec![0; TABLES.len()];
    let steps = steps(county);
    std::thread::scope(|scope| -> Result<(), SynthError> {
        let (give, take) = sync_channel(2);
        let folder = photos.as_deref();
        scope.spawn(move || {
            for step in 0..steps {
                let made = make(county, step, folder, cancel);
                // The receiver hangs up when writing failed or was cancelled.
                if give.send(made).is_err() {
                    return;
                }
            }
        });
        for step in 0..steps {
            if cancel.load(Ordering::Relaxed) {
                return Err(SynthError::Cancelled);
            }
            let Ok(made) = take.recv() else { break };
            for sheet in made? {
                rows[sheet.table] += sheet.rows();
                sink.put(sheet)?;
            }
            progress(((step + 1) * CHUNK).min(county.projects), county.projects);
        }
        Ok(())
    })?;
    let mut files = sink.close()?;
    let all = answers::answers(county);
    files.push(answers::write(&all, &beside.join("answers"))?);
    files.push(key_file(beside)?);

    let photo_files = match &photos {
        Some(folder) => std::fs::read_dir(folder)
            .map_err(|source| SynthError::io(folder, source))?
            .count(),
        None => 0,
    };
    if cancel.load(Ordering::Relaxed) {
        return Err(SynthError::Cancelled);
    }
    is_free(beside, out)?;
    move_into(beside, out)?;
    let files = files
        .iter()
        .filter_map(|file| file.strip_prefix(beside).ok())
        .map(|file| out.join(file))
        .collect();
    let rows = TABLES.iter().map(|table| table.key).zip(rows).collect();
    Ok(Written {
        files,
        rows,
        photo_files,
        answers: all.len(),
    })
}

/// Whether nothing but an earlier fictional county, which its key gives away, would be replaced.
fn is_free(beside: &Path, out: &Path) -> Result<(), SynthError> {
    let key = |folder: &Path| std::fs::read(folder.join("identity.key")).ok();
    if key(out) == key(beside) {
        return Ok(());
    }
    let made = std::fs::read_dir(beside).map_err(|source| SynthError::io(out, source))?;
    for entry in made {
        let entry = entry.map_err(|source| SynthError::io(out, source))?;
        let place = out.join(entry.file_name());
        if place.exists() {
            return Err(SynthError::Occupied(place));
        }
    }
    Ok(())
}

/// Steps in which a county is made: projects, then the registers.
fn steps(county: &County) -> usize {
    county.projects.div_ceil(CHUNK)
        + county.villages.div_ceil(registers::STEP)
        + county.companies().div_ceil(registers::STEP)
        + 1
}

/// Makes one step's rows; with a folder, the photo files too.
fn make(
    county: &County,
    step: usize,
    photos: Option<&Path>,
    cancel: &AtomicBool,
) -> Result<Vec<Sheet>, SynthError> {
    let projects = county.projects.div_ceil(CHUNK);
    let villages = projects + county.villages.div_ceil(registers::STEP);
    let companies = villages + county.companies().div_ceil(registers::STEP);
    let mut sheets = Sheet::all();
    if step < projects {
        for project in step * CHUNK..((step + 1) * CHUNK).min(county.projects) {
            // A step of projects with their photos takes half a minute.
            if cancel.load(Ordering::Relaxed) {
                return Err(SynthError::Cancelled);
            }
            let mut made = life::project(county, project);
            if let Some(folder) = photos {
                photo_files::write(&mut made.photos, folder)?;
            }
            rows::add(&made, &mut sheets);
        }
    } else if step < villages {
        registers::divisions(
            county,
            (step - projects) * registers::STEP,
            &mut sheets[at::DIVISIONS],
        );
    } else if step < companies {
        registers::companies(
            county,
            (step - villages) * registers::STEP,
            &mut sheets[at::COMPANIES],
        );
    } else {
        registers::people(county, &mut sheets);
    }
    sheets.retain(|sheet| sheet.rows() > 0);
    Ok(sheets)
}

/// Writes the key under whose name the county's hashes stand, as the import asks for it (`--key`).
fn key_file(folder: &Path) -> Result<PathBuf, SynthError> {
    let path = folder.join("identity.key");
    let broken = |source| SynthError::io(&path, source);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(broken)?;
    let digits: String = SYNTHETIC_KEY
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    writeln!(file, "{digits}").map_err(broken)?;
    Ok(path)
}

/// Moves every file to the same place under another folder, replacing what is there.
fn move_into(from: &Path, to: &Path) -> Result<(), SynthError> {
    std::fs::create_dir_all(to).map_err(|source| SynthError::io(to, source))?;
    for entry in std::fs::read_dir(from).map_err(|source| SynthError::io(from, source))? {
        let entry = entry.map_err(|source| SynthError::io(from, source))?;
        let (source_path, target) = (entry.path(), to.join(entry.file_name()));
        if source_path.is_dir() {
            move_into(&source_path, &target)?;
        } else {
            std::fs::rename(&source_path, &target)
                .map_err(|source| SynthError::io(&target, source))?;
        }
    }
    Ok(())
}
