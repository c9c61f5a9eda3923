//! Open contracting data: planned on one thread while the input is parsed on the others.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::pack::Audience;
use kandeng_screening::{Labels, Prepared};
use kandeng_supervise::register::Confided;
use kandeng_supervise::{ocds, packs};

use super::county::key_path;
use super::hidden::Hider;
use super::kept_plans;
use super::settings::settings;
use super::{RunFacts, Screened, run_rules, shown_path};
use crate::args::How;
use crate::failure::Failure;
use crate::language::Words;

/// What would be looked up in the filings of a county, and is not in contracting data.
fn only_for_counties(how: &How) -> Result<(), Failure> {
    let named = [
        ("--registers", how.registers.is_some()),
        ("--photos", how.photos.is_some()),
        ("--datum", how.datum.is_some()),
        ("--filing", how.filing.is_some()),
    ];
    match named.iter().find(|(_, is_named)| *is_named) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::wrong(
            format!("{option} 只用于县级填报数据;输入是开放合同数据(OCDS),请去掉这个选项"),
            format!(
                "{option} is for a county's filings only; this input is open contracting data (OCDS), so leave it out"
            ),
        )),
    }
}

pub(super) fn screen(
    input: &[PathBuf],
    how: &How,
    as_of: jiff::civil::Date,
    profile: bool,
    stop: &Arc<AtomicBool>,
    words: Words,
) -> Result<Screened, Failure> {
    only_for_counties(how)?;
    let audience = Audience::Officer;
    let options = ocds::ReadOptions {
        encoding: how.encoding.clone(),
        currency: how.currency.clone(),
        cancel: Arc::clone(stop),
        threads: 0,
    };
    let plan = || -> Result<Prepared, Failure> {
        let pack = packs::ocds(&how.rules).map_err(Failure::Rules)?;
        let settings = settings(how, &pack, as_of, audience, Labels::new(), profile)?;
        Ok(kept_plans::prepared(&pack, None, settings)?)
    };
    let (planned, read) = std::thread::scope(|scope| {
        let planning = scope.spawn(plan);
        let read = ocds::read(input, &options);
        (planning.join(), read)
    });
    let mut prepared = planned.unwrap_or_else(|_| {
        Err(Failure::wrong(
            "规则解析时出错",
            "planning the rules broke down",
        ))
    })?;
    let read = read.map_err(|error| match error {
        ocds::OcdsError::Cancelled => Failure::Stopped,
        other => Failure::Wrong(other.text()),
    })?;
    let outcome = run_rules(&mut prepared, &read.tables, stop, words)?;
    let rows = read
        .tables
        .names()
        .filter_map(|name| Some((name.to_owned(), read.tables.get(name)?.rows()?)))
        .collect();
    Ok(Screened {
        outcome,
        // There are none in contracting data.
        confided: Confided::default(),
        diagnostics: read.diagnostics,
        run: RunFacts {
            kind: read.kind,
            inputs: read
                .inputs
                .iter()
                .map(|file| (shown_path(&file.path), file.sha256.clone()))
                .collect(),
            as_of,
            audience: Audience::Both,
            started: jiff::Timestamp::UNIX_EPOCH,
            seconds: 0.0,
            rows,
        },
        county: None,
        hider: Hider::new(key_path(how).ok()),
    })
}
