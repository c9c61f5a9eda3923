//! `kandeng synth`: a fictional county, or fictional contracting data, with planted irregularities.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use kandeng_supervise::ocds;
use kandeng_supervise::synth::{self, Format, SynthError, SynthOptions, Written};

use crate::args::{Kind, Synth, SynthFormat};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

pub(crate) fn run(options: &Synth, words: Words) -> Result<ExitCode, Failure> {
    let as_of = options.as_of.unwrap_or(AS_OF);
    match options.kind {
        Kind::County => {
            let format = match options.format {
                SynthFormat::Xlsx => Format::Xlsx,
                SynthFormat::Csv => Format::Csv,
                SynthFormat::Parquet => Format::Parquet,
            };
            let mut county = SynthOptions::new(options.projects, options.seed, as_of);
            county.photos = options.photos;
            if let Some(payments) = options.payments {
                county.payments_per_project = payments;
            }
            let written = write(&county, format, &options.output, words)?;
            for file in &written.files {
                tell!("{}", file.display());
            }
        }
        Kind::Ocds => {
            for file in write_contracting(options, as_of)? {
                tell!("{}", file.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// About 200 GB of them.
const MOST_RELEASES: usize = 100_000_000;

/// Written to a folder beside and moved: a full disk or Ctrl-C leaves nothing behind.
fn write_contracting(options: &Synth, as_of: jiff::civil::Date) -> Result<Vec<PathBuf>, Failure> {
    if options.releases > MOST_RELEASES {
        return Err(Failure::wrong(
            format!("--releases 最多 {MOST_RELEASES},而非 {}", options.releases),
            format!(
                "--releases is at most {MOST_RELEASES}, not {}",
                options.releases
            ),
        ));
    }
    let folder = &options.output;
    let unwritten = Failure::unwritten(folder);
    let stop = crate::interrupt::flag();
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder).map_err(&unwritten)?;
    let written = || -> Result<Vec<PathBuf>, Failure> {
        let beside = tempfile::Builder::new()
            .prefix(".kandeng-synth-")
            .tempdir_in(folder)
            .map_err(&unwritten)?;
        let releases = options.releases as u64;
        let written = ocds::synth::write(releases, options.seed, as_of, beside.path(), &stop);
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Stopped);
        }
        written.map_err(&unwritten)?;
        let names = ["releases.jsonl", "answers.csv"];
        // Fictional data have both; one alone is somebody else's.
        let there = names
            .map(|name| folder.join(name))
            .into_iter()
            .filter(|file| file.exists());
        if let [file] = &there.collect::<Vec<_>>()[..] {
            return Err(Failure::Wrong(SynthError::Occupied(file.clone()).text()));
        }
        let mut files = Vec::new();
        for name in names {
            let file = folder.join(name);
            std::fs::rename(beside.path().join(name), &file).map_err(Failure::unwritten(&file))?;
            files.push(file);
        }
        Ok(files)
    };
    let written = written();
    if written.is_err() && is_new {
        // Best effort: the error that is reported matters more than an empty folder left over.
        let _ = std::fs::remove_dir(folder);
    }
    written
}

/// The day up to which things happen where none is given, so that the same command gives the same county.
pub(crate) const AS_OF: jiff::civil::Date = jiff::civil::date(2026, 6, 30);

pub(crate) fn write(
    options: &SynthOptions,
    format: Format,
    folder: &std::path::Path,
    words: Words,
) -> Result<Written, Failure> {
    let stop = crate::interrupt::flag();
    let bar = bar(options.projects as u64, words.say("progress-synth"));
    let written = synth::write(
        options,
        format,
        folder,
        |done, _| bar.set_position(done as u64),
        &stop,
    );
    bar.finish_and_clear();
    written.map_err(|error| match error {
        SynthError::Cancelled => Failure::Stopped,
        other => Failure::Wrong(other.text()),
    })
}
