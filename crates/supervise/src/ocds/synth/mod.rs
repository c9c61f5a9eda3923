//! Synthetic OCDS for tests, measurements and demonstrations: fictional buyers and companies, compiled
//! releases of about 1.9 kB with 3.4 bids each, and irregularities planted for every red flag.
//!
//! The same seed gives the same bytes. What was planted goes into a file of answers kept apart.

mod bidding;
mod chance;
mod document;
mod plant;
mod world;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use world::World;

/// Writes `out/releases.jsonl` and `out/answers.csv` (rule, `subject_kind`, subject).
///
/// Dates lie within the three years before `as_of`. From 500 releases on every rule has answers. When `cancel` is set
/// meanwhile, what was written by then is no use.
///
/// # Errors
/// When the folder or its files cannot be written.
pub fn write(
    releases: u64,
    seed: u64,
    as_of: Date,
    out: &Path,
    cancel: &AtomicBool,
) -> io::Result<()> {
    std::fs::create_dir_all(out)?;
    let mut data = BufWriter::with_capacity(1 << 20, File::create(out.join("releases.jsonl"))?);
    let mut answers = BufWriter::new(File::create(out.join("answers.csv"))?);
    writeln!(answers, "rule,subject_kind,subject")?;
    let mut world = World::new(releases, seed, as_of);
    let mut line = String::with_capacity(4096);
    for number in 0..releases {
        if cancel.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        line.clear();
        world.release(number, &mut line);
        data.write_all(line.as_bytes())?;
        for (rule, kind, subject) in world.take_answers() {
            writeln!(answers, "{rule},{kind},{subject}")?;
        }
    }
    data.flush()?;
    answers.flush()
}

fn supplier_id(number: u64) -> String {
    format!("XX-COMPANY-{number:06}")
}

fn buyer_id(number: u64) -> String {
    format!("XX-OFFICE-{number:04}")
}

fn unit_id(number: u64) -> String {
    format!("XX-UNIT-{number:04}")
}
