//! Every event that ever landed in a ledger can be read for ever: one stored example of each version of each
//! kind, in `events/STREAM/KIND.VERSION.json`.
//!
//! An example is never changed. A new version of a shape gets an example beside the old one; `KANDENG_WRITE_DOCS=1`
//! does not write it, a person does.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kandeng_platform::{EventKinds, shared_event_kinds};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

fn path(stream: &str, kind: &str, version: u16) -> PathBuf {
    folder().join(stream).join(format!("{kind}.{version}.json"))
}

fn example(path: &Path) -> Value {
    let shown = path.display();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}"))
}

/// Kind and version by the name of the file.
fn of_name(path: &Path) -> (String, u16) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let (kind, version) = name.rsplit_once('.').unwrap();
    (kind.to_owned(), version.parse().unwrap())
}

fn stored() -> Vec<(String, PathBuf)> {
    let mut stored = Vec::new();
    for stream in std::fs::read_dir(folder()).unwrap() {
        let stream = stream.unwrap().path();
        let name = stream.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&stream).unwrap() {
            stored.push((name.clone(), file.unwrap().path()));
        }
    }
    stored
}

fn kinds_of(stream: &str) -> Option<EventKinds> {
    shared_event_kinds()
        .into_iter()
        .find(|kinds| kinds.stream == stream)
}

#[test]
fn every_version_of_every_kind_that_the_program_knows_has_an_example() {
    let mut missing = BTreeSet::new();
    for kinds in shared_event_kinds() {
        for (kind, newest) in kinds.versions {
            missing.extend(
                (1..=*newest)
                    .map(|version| path(kinds.stream, kind, version))
                    .filter(|path| !path.is_file()),
            );
        }
    }
    assert!(missing.is_empty(), "no example of {missing:#?}");
}

#[test]
fn every_example_that_was_ever_stored_can_be_read() {
    let stored = stored();
    assert!(stored.len() > 30);
    for (stream, path) in stored {
        let shown = path.display();
        let (kind, version) = of_name(&path);
        let kinds = kinds_of(&stream).unwrap_or_else(|| panic!("{shown}: no such stream any more"));
        if let Err(error) = kinds.renew(&kind, version, &example(&path)) {
            panic!("{shown}: {error}");
        }
    }
}

/// A field that was added, renamed or dropped without a new version shows here.
#[test]
fn an_example_of_the_newest_version_is_what_the_program_writes() {
    for kinds in shared_event_kinds() {
        for (kind, newest) in kinds.versions {
            let path = path(kinds.stream, kind, *newest);
            let stored = example(&path);
            let written = kinds.renew(kind, *newest, &stored).unwrap();
            assert_eq!(written.payload, stored, "{}", path.display());
            assert_eq!((written.kind.as_str(), written.schema), (*kind, *newest));
        }
    }
}

#[test]
fn a_failure_of_version_1_is_read_with_its_words_in_both_languages() {
    let kinds = kinds_of("notice").unwrap();
    let old = example(&path("notice", "notice-failed", 1));
    let renewed = kinds.renew("notice-failed", 1, &old).unwrap();
    assert_eq!(renewed.schema, 2);
    let problem = &renewed.payload["problem"];
    assert_eq!(problem["zh"], old["problem"]);
    assert_eq!(problem["en"], old["problem"]);
    assert_eq!(renewed.payload["again"], old["again"]);
}

#[test]
fn a_key_of_version_1_keeps_what_it_could_do_and_gains_nothing() {
    let kinds = kinds_of("account").unwrap();
    let mut old = example(&path("account", "account-key-made", 1));
    let mut scopes_where = |changes: bool| {
        old["changes"] = changes.into();
        let renewed = kinds.renew("account-key-made", 1, &old).unwrap();
        assert_eq!(renewed.schema, 2);
        assert_eq!(renewed.payload["until"], old["until"]);
        renewed.payload["scopes"].clone()
    };
    assert_eq!(scopes_where(false), serde_json::json!([]));
    // There were operations for these alone.
    let all = serde_json::json!(["file", "vouch", "import", "decide", "rules"]);
    assert_eq!(scopes_where(true), all);
}

#[test]
fn what_is_newer_than_the_program_or_unknown_to_it_says_so() {
    let kinds = kinds_of("notice").unwrap();
    let newer = kinds.renew("notice-failed", 3, &Value::Null).unwrap_err();
    assert!(newer.problem.contains("older than the ledger"), "{newer}");
    let unknown = kinds.renew("notice-eaten", 1, &Value::Null).unwrap_err();
    assert_eq!(unknown.problem, "unknown kind");
}
