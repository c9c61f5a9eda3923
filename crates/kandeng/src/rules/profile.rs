//! Time, memory and plan of every statement over an input, so that costly SQL is found by its author.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::args::{How, ProfileHow, Reader, Rules};
use crate::failure::Failure;
use crate::language::Words;
use crate::screen;

pub(super) fn run(
    options: &Rules,
    input: &[PathBuf],
    how: &ProfileHow,
    plans: bool,
    words: Words,
) -> Result<ExitCode, Failure> {
    let how = How {
        kind: how.kind,
        as_of: how.as_of,
        audience: Some(Reader::Officer),
        rules: options.rules.clone(),
        only: how.only.clone(),
        registers: how.registers.clone(),
        photos: how.photos.clone(),
        filing: options.filing.clone(),
        key: how.key.clone(),
        memory: how.memory,
        time_limit: how.time_limit,
        ..How::default()
    };
    let stop = crate::interrupt::flag();
    let screened = screen::screen(input, &how, true, &stop, words)?;
    screen::print_diagnostics(&screened.diagnostics, words);
    let mut steps: Vec<_> = screened.outcome.profile.iter().collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.elapsed));
    tell!("{}", words.say("profile-head"));
    for step in &steps {
        tell!(
            "{:>9.1} ms {:>9.1} MiB  {}",
            step.elapsed.as_secs_f64() * 1000.0,
            step.peak_bytes as f64 / f64::from(1 << 20),
            step.name
        );
    }
    if plans {
        for step in steps {
            tell!("\n== {}\n{}", step.name, step.plan);
        }
    }
    for failure in &screened.outcome.failures {
        tell!("{}", words.of(&failure.message));
    }
    Ok(ExitCode::SUCCESS)
}
