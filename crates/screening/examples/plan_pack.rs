//! What planning a pack costs: the first time in a process, and again.
//!
//!   cargo build --release -p kandeng -p kandeng-screening --example plan_pack
//!   target/release/examples/plan_pack crates/supervise/rules/ocds

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use kandeng_screening::pack::{Audience, Pack, PackFiles};
use kandeng_screening::{Prepared, Settings};

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("plan_pack FOLDER [TIMES]");
        return ExitCode::from(2);
    };
    let times = std::env::args()
        .nth(2)
        .and_then(|times| times.parse().ok())
        .unwrap_or(20_u32);
    let start = Instant::now();
    let files = match PackFiles::from_folder(Path::new(&folder)) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("{error:?}");
            return ExitCode::from(2);
        }
    };
    let pack = match Pack::load(files, Vec::new(), None) {
        Ok(pack) => pack,
        Err(errors) => {
            eprintln!("{errors:?}");
            return ExitCode::from(2);
        }
    };
    println!("read {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let as_of = jiff::civil::date(2026, 6, 30);
    let plan = || {
        let start = Instant::now();
        let planned = Prepared::new(&pack, None, Settings::new(as_of, Audience::Officer));
        let statements = planned.map(|planned| planned.plans().count());
        (start.elapsed().as_secs_f64() * 1e3, statements)
    };
    let (first, statements) = plan();
    match statements {
        Ok(statements) => println!("{statements} statements, the first time {first:.1} ms"),
        Err(error) => {
            eprintln!("{error:?}");
            return ExitCode::from(2);
        }
    }
    let mut again: Vec<f64> = (0..times).map(|_| plan().0).collect();
    again.sort_by(f64::total_cmp);
    println!(
        "again {:.1} ms",
        again.get(again.len() / 2).copied().unwrap_or(first)
    );
    ExitCode::SUCCESS
}
