//! What the rules find in fictional data whose answers are known. The figures and the pages that tell it are in the
//! repository; here they are held up to date, and renewed where `KANDENG_WRITE_DOCS` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::{files, json, succeed};

const SEEDS: usize = 5;
const SIZE: &str = "2000";

const OLD: &str = "is old; run the tests with KANDENG_WRITE_DOCS=1 and commit it";

/// Of one rule and one kind of subject, summed over the seeds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    planted: usize,
    found: usize,
    beyond: usize,
    judged: u64,
    missed: Vec<String>,
}

type ByRule = BTreeMap<(String, String), Figures>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn is_asked_to_write() -> bool {
    std::env::var_os("KANDENG_WRITE_DOCS").is_some()
}

/// A pack's figures; measured once for all tests.
fn county() -> &'static ByRule {
    static MEASURED: OnceLock<ByRule> = OnceLock::new();
    MEASURED.get_or_init(|| {
        measure(
            &["--projects", SIZE, "--format", "csv"],
            ".",
            "answers/answers.csv",
        )
    })
}

fn contracting() -> &'static ByRule {
    static MEASURED: OnceLock<ByRule> = OnceLock::new();
    MEASURED.get_or_init(|| {
        measure(
            &["--kind", "ocds", "--releases", SIZE],
            "releases.jsonl",
            "answers.csv",
        )
    })
}

/// Writes data for each seed, screens them, and compares with their answers.
fn measure(kind: &[&str], input: &str, answers: &str) -> ByRule {
    let folder = tempfile::tempdir().unwrap();
    let mut figures = ByRule::new();
    for seed in 1..=SEEDS {
        let seed = seed.to_string();
        let synth = [&["synth", "--seed", &seed, "-o", &seed][..], kind].concat();
        succeed(folder.path(), &synth);
        let data = folder.path().join(&seed);
        let input = data.join(input).display().to_string();
        let key = data.join("identity.key").display().to_string();
        let args = [
            "screen",
            &input,
            "--format",
            "json",
            "--audience",
            "officer",
            "--as-of",
            "2026-06-30",
            "--key",
            &key,
        ];
        let result = json(&succeed(folder.path(), &args));
        let answers = std::fs::read_to_string(data.join(answers)).unwrap();
        add(&mut figures, &result, &answers);
    }
    figures
}

fn add(figures: &mut ByRule, result: &serde_json::Value, answers: &str) {
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap().to_owned();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    for rule in result["rules"].as_array().unwrap() {
        let count = |name: &str| rule[name].as_u64().unwrap();
        let (id, kind) = (text(rule, "id"), text(rule, "subject_kind"));
        figures
            .entry((id.clone(), kind.clone()))
            .or_default()
            .judged += count("flagged") + count("passed");
        kinds.insert(id, kind);
    }
    let flagged: BTreeSet<(String, String, String)> = result["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| {
            (
                text(flag, "rule"),
                text(flag, "subject_kind"),
                text(flag, "subject"),
            )
        })
        .collect();
    // Answers of a county name no kind of subject: each of its rules has one only.
    let planted: BTreeSet<(String, String, String)> = answers
        .trim_start_matches('\u{feff}')
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<_> = line
                .splitn(3, ',')
                .map(|cell| cell.trim_matches('"').to_owned())
                .collect();
            match &cells[..] {
                [rule, kind, subject] => (rule.clone(), kind.clone(), subject.clone()),
                [rule, subject] => (rule.clone(), kinds[rule].clone(), subject.clone()),
                _ => panic!("{line}"),
            }
        })
        .collect();
    for answer in &planted {
        let line = figures
            .entry((answer.0.clone(), answer.1.clone()))
            .or_default();
        line.planted += 1;
        if flagged.contains(answer) {
            line.found += 1;
        } else {
            line.missed.push(answer.2.clone());
        }
    }
    for flag in flagged.difference(&planted) {
        figures
            .entry((flag.0.clone(), flag.1.clone()))
            .or_default()
            .beyond += 1;
    }
}

/// A pack's `measured.toml`.
fn written(figures: &ByRule) -> String {
    let mut text = format!(
        "# How the rules did on fictional data. Measured and kept up to date by the tests of the command line:\n\
         # KANDENG_WRITE_DOCS=1 cargo test --release --workspace --test cli measured\n\
         seeds = {SEEDS}\nsize = {SIZE}\nrules = [\n"
    );
    for ((rule, subject), line) in figures {
        text.push_str(&format!(
            "  {{ rule = {rule:?}, subject = {subject:?}, planted = {}, found = {}, beyond = {}, judged = {} }},\n",
            line.planted, line.found, line.beyond, line.judged
        ));
    }
    text.push_str("]\n");
    text
}

fn pack(name: &str) -> PathBuf {
    root().join("crates/supervise/rules").join(name)
}

/// Once, before the pages are made of it.
fn renew_figures() {
    static RENEWED: OnceLock<()> = OnceLock::new();
    RENEWED.get_or_init(|| {
        for (name, figures) in [("county", county()), ("ocds", contracting())] {
            std::fs::write(pack(name).join("measured.toml"), written(figures)).unwrap();
        }
    });
}

fn nothing_is_missed(figures: &ByRule, rules: usize) {
    let planted: BTreeSet<_> = figures
        .iter()
        .filter(|(_, line)| line.planted > 0)
        .map(|((rule, _), _)| rule)
        .collect();
    assert_eq!(
        planted.len(),
        rules,
        "every rule of the pack has its answers"
    );
    let missed: Vec<_> = figures
        .iter()
        .filter(|(_, line)| !line.missed.is_empty())
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_irregularity_planted_in_a_county_is_found() {
    nothing_is_missed(county(), 53);
}

#[test]
fn every_pattern_planted_in_contracting_data_is_found() {
    nothing_is_missed(contracting(), 11);
}

#[test]
fn the_figures_in_the_packs_are_current() {
    if is_asked_to_write() {
        return renew_figures();
    }
    for (name, figures) in [("county", county()), ("ocds", contracting())] {
        let path = pack(name).join("measured.toml");
        let there = std::fs::read_to_string(&path).unwrap();
        assert!(there == written(figures), "{} {OLD}", path.display());
    }
}

#[test]
fn the_pages_of_the_rules_are_current() {
    let docs = root().join("docs/rules");
    let folder = tempfile::tempdir().unwrap();
    if is_asked_to_write() {
        renew_figures();
        if docs.exists() {
            std::fs::remove_dir_all(&docs).unwrap();
        }
    }
    let made = if is_asked_to_write() {
        docs.clone()
    } else {
        folder.path().join("pages")
    };
    // Named, so that figures renewed just now are taken and not those of the build.
    let [county, ocds] = ["county", "ocds"].map(|name| pack(name).display().to_string());
    let output = made.display().to_string();
    succeed(
        folder.path(),
        &[
            "rules", "docs", "--rules", &county, "--rules", &ocds, "-o", &output,
        ],
    );
    assert_eq!(files(&docs), files(&made));
    for inner in ["zh", "en"] {
        assert_eq!(files(&docs.join(inner)), files(&made.join(inner)));
        for name in files(&made.join(inner)) {
            let read = |folder: &Path| std::fs::read(folder.join(inner).join(&name)).unwrap();
            assert!(
                read(&docs) == read(&made),
                "docs/rules/{inner}/{name} {OLD}"
            );
        }
    }
}
