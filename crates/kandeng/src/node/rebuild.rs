//! `kandeng rebuild`: the read model made anew from the ledger.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use kandeng_platform::node::{Folder, rebuild};

use crate::args::Rebuild;
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

pub(crate) fn run(options: &Rebuild, words: Words) -> Result<ExitCode, Failure> {
    let stop = crate::interrupt::flag();
    let folder = Folder::open(&options.dir)?;
    let lock = folder.lock()?;
    let start = Instant::now();
    let bar = bar(1, words.say("progress-rebuild"));
    let rebuilt = rebuild(
        &folder,
        &lock,
        super::scenes::tables(),
        &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
            !stop.load(Ordering::Relaxed)
        },
    );
    bar.finish_and_clear();
    let rebuilt = rebuilt?;
    tell!(
        "{}",
        words.say_with(
            "rebuild-done",
            &[
                ("events", rebuilt.events.to_string()),
                ("tables", rebuilt.tables.to_string()),
                ("seconds", format!("{:.1}", start.elapsed().as_secs_f64())),
            ]
        )
    );
    Ok(ExitCode::SUCCESS)
}
