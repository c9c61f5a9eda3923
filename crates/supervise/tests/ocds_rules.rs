//! The red flags of OCDS against their fixtures, and against planted answers in synthetic data.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use kandeng_supervise::{ocds, packs};

#[test]
fn the_pack_declares_exactly_the_tables_that_the_reader_makes() {
    let pack = packs::ocds(&[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(pack.tables, ocds::declarations());
}

#[test]
fn every_red_flag_passes_its_fixtures() {
    let pack = packs::ocds(&[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(pack.rules.len(), 11);
    let mut wrong = Vec::new();
    for rule in &pack.rules {
        if let Err(errors) = kandeng_screening::fixture::check(&pack, None, rule) {
            wrong.extend(
                errors
                    .iter()
                    .map(|error| format!("{}:{} {}", error.file, error.line, error.message.en)),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Rule, kind and subject of everything planted that the run did not flag, and of everything else it did.
fn compared(
    releases: u64,
    seed: u64,
) -> (
    Vec<String>,
    std::collections::BTreeMap<String, (usize, usize)>,
) {
    let folder = tempfile::tempdir().unwrap();
    let as_of = jiff::civil::date(2026, 6, 30);
    ocds::synth::write(
        releases,
        seed,
        as_of,
        folder.path(),
        &AtomicBool::new(false),
    )
    .unwrap();
    let read = ocds::read(
        &[folder.path().join("releases.jsonl")],
        &ocds::ReadOptions::default(),
    )
    .unwrap();
    assert_eq!(read.diagnostics, []);
    assert_eq!(read.processes as u64, releases);
    let pack = packs::ocds(&[]).unwrap();
    let settings = kandeng_screening::Settings::new(as_of, kandeng_screening::pack::Audience::Both);
    let outcome = kandeng_screening::Prepared::new(&pack, None, settings)
        .unwrap()
        .run(
            &read.tables,
            &std::sync::atomic::AtomicBool::new(false),
            &|_, _| {},
        )
        .unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    for answers in &outcome.answers {
        assert_eq!(
            answers.flagged + answers.passed + answers.not_applicable,
            answers.applies,
            "{answers:?}"
        );
    }
    let flagged: std::collections::BTreeSet<String> = outcome
        .findings()
        .map(|finding| {
            format!(
                "{},{},{}",
                finding.rule, finding.subject_kind, finding.subject
            )
        })
        .collect();
    let answers = std::fs::read_to_string(folder.path().join("answers.csv")).unwrap();
    let planted: std::collections::BTreeSet<String> =
        answers.lines().skip(1).map(str::to_owned).collect();
    let missed = planted.difference(&flagged).cloned().collect();
    let mut by_rule = std::collections::BTreeMap::new();
    for finding in &planted {
        by_rule.entry(finding[..4].to_owned()).or_insert((0, 0)).0 += 1;
    }
    for finding in flagged.difference(&planted) {
        by_rule.entry(finding[..4].to_owned()).or_insert((0, 0)).1 += 1;
    }
    (missed, by_rule)
}

#[test]
fn everything_planted_is_found_for_five_seeds() {
    for seed in 1..=5 {
        all_found(2000, seed);
    }
}

#[test]
fn everything_planted_is_found_in_the_smallest_and_in_larger_data() {
    for releases in [500, 2300, 10_000] {
        all_found(releases, 6);
    }
}

/// Every rule has planted answers, and every one of them is found.
fn all_found(releases: u64, seed: u64) {
    let (missed, by_rule) = compared(releases, seed);
    println!("{releases} releases, seed {seed}: planted and flagged beyond: {by_rule:?}");
    assert_eq!(missed, Vec::<String>::new(), "{releases}, seed {seed}");
    assert_eq!(by_rule.len(), 11, "{by_rule:?}");
    assert!(
        by_rule.values().all(|(planted, _)| *planted > 0),
        "{by_rule:?}"
    );
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    let as_of = jiff::civil::date(2026, 6, 30);
    let written = |seed| {
        let folder = tempfile::tempdir().unwrap();
        ocds::synth::write(600, seed, as_of, folder.path(), &AtomicBool::new(false)).unwrap();
        std::fs::read(folder.path().join("releases.jsonl")).unwrap()
    };
    assert_eq!(written(7), written(7));
    assert_ne!(written(7), written(8));
}

#[test]
fn making_contracting_data_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let as_of = jiff::civil::date(2026, 6, 30);
    let stop = AtomicBool::new(true);
    let written = ocds::synth::write(100_000, 1, as_of, folder.path(), &stop);
    assert!(written.is_err());
}
