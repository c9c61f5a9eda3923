//! `kandeng screen`: read an input, run the rules that are meant for its reader, write what was found.

mod contracting;
mod county;
mod csv;
mod diagnostics;
mod guarded;
mod hidden;
mod into;
mod json;
mod kept_plans;
mod output;
mod settings;
mod summary;
mod table;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use kandeng_screening::pack::Audience;
use kandeng_screening::{EngineError, Finding, Outcome, Prepared, Tables, Text};
use kandeng_supervise::diagnostic::Diagnostic;
use kandeng_supervise::import::{self, Place, residents_masked};
use kandeng_supervise::ocds;
use kandeng_supervise::register::Confided;

use crate::args::{How, Kind, Screen};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;
use crate::whole_file::is_special;
use county::County;
pub(crate) use diagnostics::print_diagnostics;
use hidden::Hider;

/// An input, screened.
pub(crate) struct Screened {
    /// What was found.
    pub outcome: Outcome,
    /// What was odd about the input.
    pub diagnostics: Vec<Diagnostic>,
    /// Facts of the run, as results name them.
    pub run: RunFacts,
    /// Which rules compare with registers.
    pub confided: Confided,
    /// Where cells stand, for filings.
    county: Option<County>,
    /// Of numbers of people that were not hashed while reading.
    hider: Hider,
}

/// Facts of a run.
pub(crate) struct RunFacts {
    pub kind: Text,
    pub inputs: Vec<(String, String)>,
    pub as_of: jiff::civil::Date,
    pub audience: Audience,
    pub started: jiff::Timestamp,
    pub seconds: f64,
    pub rows: BTreeMap<String, usize>,
}

impl Screened {
    /// A finding as it may be shown.
    pub(crate) fn finding(&self, index: usize) -> Finding {
        let mut finding = self.outcome.finding(index);
        if self.county.is_none() {
            self.hider.hide(&mut finding);
        }
        finding
    }

    /// All findings as they may be shown, in their order.
    pub(crate) fn findings(&self) -> impl ExactSizeIterator<Item = Finding> + '_ {
        (0..self.outcome.len()).map(|index| self.finding(index))
    }

    /// The cells that a finding turns red.
    pub(crate) fn places(&self, finding: &Finding) -> Vec<Place> {
        match &self.county {
            Some(county) => county.places(finding),
            None => Vec::new(),
        }
    }

    /// The same as results name them: a path may hold the number of a person.
    fn shown_places(&self, finding: &Finding) -> impl Iterator<Item = Place> {
        self.places(finding).into_iter().map(|place| Place {
            file: residents_masked(&place.file).into_owned(),
            sheet: residents_masked(&place.sheet).into_owned(),
            ..place
        })
    }
}

pub(crate) fn run(options: &Screen, words: Words) -> Result<ExitCode, Failure> {
    output::check(options)?;
    let into = options.into.as_deref().map(into::Into::open).transpose()?;
    let stop = crate::interrupt::flag();
    let screened = screen(&options.input, &options.how, false, &stop, words)?;
    print_diagnostics(&screened.diagnostics, words);
    for failure in &screened.outcome.failures {
        let message = words.of(&failure.message);
        // What several rules share fails under a name of its own: say which rule that costs.
        let problem = if message.contains(&failure.rule) {
            message.to_owned()
        } else {
            format!("{}: {message}", failure.rule)
        };
        crate::complain(&words.say_with("error", &[("problem", problem)]));
    }
    // What is appended is not taken back, so it comes after everything else that can fail.
    output::write(options, &screened, words)?;
    if let Some(into) = into {
        into.take(&screened, words)?;
    }
    let reached = options.fail_on.is_some_and(|bound| {
        let bound = bound.severity();
        !screened.outcome.failures.is_empty()
            || (0..screened.outcome.len()).any(|index| screened.outcome.severity(index).1 >= bound)
    });
    // The process ends here, and with it everything it holds: to give back row by row what was found
    // would only take time.
    std::mem::forget(screened);
    Ok(if reached {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Reads and screens; nothing is written or printed but progress.
pub(crate) fn screen(
    input: &[PathBuf],
    how: &How,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let as_of = how.as_of.unwrap_or_else(|| today(started));
    named_places_are_there(how)?;
    each_is_a_file_named_once(input)?;
    let mut screened = match kind_of(input, how)? {
        Kind::County => county::screen(input, how, as_of, profile, stop, words)?,
        Kind::Ocds => contracting::screen(input, how, as_of, profile, stop, words)?,
    };
    screened.run.started = started;
    screened.run.seconds = clock.elapsed().as_secs_f64();
    Ok(screened)
}

/// What an option names has to be there, whether or not anything would be looked up in it: a folder of
/// photos that is spelled wrong must not look like one in which nothing was found.
fn named_places_are_there(how: &How) -> Result<(), Failure> {
    for folder in how.photos.iter().chain(&how.rules) {
        folder_is_there(folder)?;
    }
    if let Some(registers) = &how.registers {
        std::fs::metadata(registers).map_err(Failure::unread(registers))?;
    }
    Ok(())
}

/// A folder that an option names has to be one.
pub(crate) fn folder_is_there(path: &Path) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map_err(Failure::unread(path))?;
    if !found.is_dir() {
        return Err(Failure::wrong(
            format!("{} 不是文件夹", shown_path(path)),
            format!("{} is no folder", shown_path(path)),
        ));
    }
    // One that may not be looked into is told like one that is not there.
    std::fs::read_dir(path).map_err(Failure::unread(path))?;
    Ok(())
}

/// A file named twice would have every project twice, and every payment counted double; a pipe can be read only once,
/// and inputs are read more often.
fn each_is_a_file_named_once(input: &[PathBuf]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for path in input {
        if is_special(path) {
            let shown = shown_path(path);
            return Err(Failure::wrong(
                format!("{shown} 是管道或设备,不是文件;请先存成文件"),
                format!("{shown} is a pipe or a device and no file; save it as one first"),
            ));
        }
        // What cannot be resolved is told where it is opened.
        if let Ok(real) = path.canonicalize()
            && !seen.insert(real)
        {
            let shown = shown_path(path);
            return Err(Failure::wrong(
                format!("{shown} 写了两次;请只写一次"),
                format!("{shown} is named twice; name it once"),
            ));
        }
    }
    Ok(())
}

/// A path as results name it, without the number of a person.
fn shown_path(path: &Path) -> String {
    residents_masked(&path.display().to_string()).into_owned()
}

/// The day in Shanghai.
fn today(now: jiff::Timestamp) -> jiff::civil::Date {
    now.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)))
        .date()
}

/// What the inputs are, by what they hold; all must be of one kind.
fn kind_of(input: &[PathBuf], how: &How) -> Result<Kind, Failure> {
    if let Some(kind) = how.kind {
        return Ok(kind);
    }
    let mut kinds = input.iter().map(|path| (path, detect(path)));
    let Some((first, kind)) = kinds.next() else {
        return Err(Failure::wrong("没有输入", "there is no input"));
    };
    let kind = kind?;
    for (path, other) in kinds {
        if other? != kind {
            return Err(Failure::wrong(
                format!(
                    "{} 与 {} 不是同一类输入;请分别运行",
                    first.display(),
                    path.display()
                ),
                format!(
                    "{} and {} are inputs of different kinds; run them one by one",
                    first.display(),
                    path.display()
                ),
            ));
        }
    }
    Ok(kind)
}

fn detect(path: &Path) -> Result<Kind, Failure> {
    if !path.exists() {
        return Err(Failure::wrong(
            format!("找不到 {}", path.display()),
            format!("{} does not exist", path.display()),
        ));
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let named = [".json", ".jsonl", ".ndjson", ".gz"]
        .iter()
        .any(|end| name.ends_with(end));
    if path.is_file() && (named || ocds::detect(path).is_some()) {
        return Ok(Kind::Ocds);
    }
    import::detect(path).map_err(|error| Failure::Wrong(error.text()))?;
    Ok(Kind::County)
}

fn run_rules(
    prepared: &mut Prepared,
    tables: &Tables,
    stop: &AtomicBool,
    words: Words,
) -> Result<Outcome, EngineError> {
    let bar = bar(1, words.say("progress-rules"));
    let outcome = prepared.run(tables, stop, &|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    outcome
}
