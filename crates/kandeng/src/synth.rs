//! `kandeng synth`: a fictional county, or fictional contracting data, with planted irregularities.

use std::process::ExitCode;

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
            ocds::synth::write(
                options.releases as u64,
                options.seed,
                as_of,
                &options.output,
            )
            .map_err(Failure::file(&options.output))?;
            for name in ["releases.jsonl", "answers.csv"] {
                tell!("{}", options.output.join(name).display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
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
