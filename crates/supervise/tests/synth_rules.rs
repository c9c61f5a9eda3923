//! The county's rules against synthetic counties: all that was planted is found, and hardly anything else.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use jiff::civil::{Date, date};
use kandeng_screening::pack::Audience;
use kandeng_screening::{Prepared, Settings};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, ImportOptions};
use kandeng_supervise::packs;
use kandeng_supervise::synth::{self, Format, SYNTHETIC_KEY, SynthOptions};

/// A rule and a subject.
type Pair = (String, String);

/// What was planted and what was flagged in one county.
fn screened(projects: usize, seed: u64, as_of: Date) -> (BTreeSet<Pair>, BTreeSet<Pair>) {
    let folder = tempfile::tempdir().unwrap();
    let options = SynthOptions::new(projects, seed, as_of);
    let never = AtomicBool::new(false);
    synth::write(&options, Format::Parquet, folder.path(), |_, _| {}, &never).unwrap();
    let answers = std::fs::read_to_string(folder.path().join("answers/answers.csv")).unwrap();
    let planted = answers
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .map(|(rule, subject)| (rule.to_owned(), subject.to_owned()))
        .collect();

    let mut reading = ImportOptions::new(IdentityKey::from_bytes(SYNTHETIC_KEY));
    reading.as_of = Some(as_of);
    let import = import::read(&[folder.path().to_owned()], &reading).unwrap();
    let filing = Filing::embedded();
    let pack = packs::county(filing, &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let items = packs::items(filing);
    let settings = Settings::new(as_of, Audience::Both);
    let outcome = Prepared::new(&pack, Some(&items), settings)
        .unwrap()
        .run(&import.tables, &never, &|_, _| {})
        .unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    for answers in &outcome.answers {
        assert_eq!(
            answers.flagged + answers.passed + answers.not_applicable,
            answers.applies,
            "{answers:?}"
        );
    }
    let mut identities = BTreeSet::new();
    for finding in outcome.findings() {
        let identity = (
            finding.rule,
            finding.subject_kind,
            finding.subject,
            finding.key,
        );
        assert!(!identities.contains(&identity), "twice: {identity:?}");
        for says in [&finding.says.zh, &finding.says.en] {
            let is_clean =
                says.trim() == says && !says.contains("  ") && !says.contains(['{', '}']);
            assert!(is_clean && !says.is_empty(), "{identity:?}: {says:?}");
        }
        identities.insert(identity);
    }
    let flagged = outcome
        .findings()
        .map(|finding| (finding.rule.clone(), finding.subject.clone()))
        .collect();
    (planted, flagged)
}

fn count(pairs: impl Iterator<Item = Pair>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (rule, _) in pairs {
        *counts.entry(rule).or_insert(0) += 1;
    }
    counts
}

fn every_rule() -> BTreeSet<String> {
    let q = (1..=12).map(|number| format!("Q{number:02}"));
    let k = (1..=41).map(|number| format!("K{number:02}"));
    q.chain(k).collect()
}

#[test]
fn everything_planted_is_found_for_five_seeds_and_nothing_else() {
    for seed in 1..=5 {
        let (planted, flagged) = screened(2000, seed, date(2026, 6, 30));
        let rules: BTreeSet<String> = planted.iter().map(|(rule, _)| rule.clone()).collect();
        assert_eq!(rules, every_rule(), "seed {seed}");
        let missed: Vec<_> = planted.difference(&flagged).collect();
        assert!(missed.is_empty(), "seed {seed}: {missed:?}");
        let beyond = count(flagged.difference(&planted).cloned());
        println!(
            "seed {seed}: planted {}, flagged beyond {beyond:?}",
            planted.len()
        );
        assert!(
            beyond.values().sum::<usize>() <= 2,
            "seed {seed}: {beyond:?}"
        );
    }
}

#[test]
fn small_counties_and_other_days_are_found_out_too() {
    let days = [
        date(2026, 6, 30),
        date(2026, 11, 24),
        date(2026, 1, 5),
        date(2025, 3, 1),
    ];
    let mut wrong = Vec::new();
    for (seed, as_of) in days.into_iter().enumerate() {
        for projects in [50, 200, 700] {
            let (planted, flagged) = screened(projects, seed as u64 + 11, as_of);
            let missed: Vec<_> = planted.difference(&flagged).collect();
            let beyond: Vec<_> = flagged.difference(&planted).collect();
            if !missed.is_empty() || !beyond.is_empty() {
                wrong.push(format!(
                    "{projects} as of {as_of}: missed {missed:?}, beyond {beyond:?}"
                ));
            }
            if projects >= 200 {
                assert_eq!(count(planted.into_iter()).len(), every_rule().len());
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
