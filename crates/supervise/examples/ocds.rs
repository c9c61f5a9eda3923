//! Reads OCDS files and runs the red flags, telling time and memory: `ocds FILE…`, or
//! `ocds synth RELEASES SEED FOLDER` to make a file to measure with.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use kandeng_screening::pack::Audience;
use kandeng_screening::{Prepared, Settings};
use kandeng_supervise::{ocds, packs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let as_of = jiff::civil::date(2026, 6, 30);
    if let [word, releases, seed, folder] = arguments.as_slice()
        && word == "synth"
    {
        return Ok(ocds::synth::write(
            releases.parse()?,
            seed.parse()?,
            as_of,
            Path::new(folder),
            &AtomicBool::new(false),
        )?);
    }
    let begun = Instant::now();
    let files: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    let planning = std::thread::spawn(move || {
        let pack = packs::ocds(&[]).map_err(|errors| format!("{errors:?}"))?;
        Prepared::new(&pack, None, Settings::new(as_of, Audience::Both))
            .map_err(|error| error.to_string())
    });
    let read = ocds::read(&files, &ocds::ReadOptions::default())?;
    eprintln!(
        "read     {:>8.1} ms  {}",
        begun.elapsed().as_secs_f64() * 1e3,
        memory()
    );
    let mut prepared = planning.join().map_err(|_| "planning failed")??;
    eprintln!(
        "planned  {:>8.1} ms  {}",
        begun.elapsed().as_secs_f64() * 1e3,
        memory()
    );
    let outcome = prepared.run(&read.tables, &AtomicBool::new(false), &|_, _| {})?;
    eprintln!(
        "ran      {:>8.1} ms  {}",
        begun.elapsed().as_secs_f64() * 1e3,
        memory()
    );
    println!("{}", read.kind.en);
    for diagnostic in &read.diagnostics {
        println!("{:?} {}", diagnostic.row, diagnostic.message.en);
    }
    for answers in &outcome.answers {
        println!(
            "{} {:<16} applies {:>7} flagged {:>6} passed {:>7} not applicable {:>7}",
            answers.rule,
            answers.subject_kind,
            answers.applies,
            answers.flagged,
            answers.passed,
            answers.not_applicable
        );
    }
    eprintln!(
        "findings {:>8.1} ms  {} findings",
        begun.elapsed().as_secs_f64() * 1e3,
        outcome.findings().count()
    );
    Ok(())
}

/// The most memory held so far, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    line.to_owned()
}
