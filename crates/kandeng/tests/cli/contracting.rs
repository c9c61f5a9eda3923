//! Open contracting data: releases go in, red flags come out.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use crate::county::check_schema;
use crate::{json, kandeng, stderr, succeed};

#[test]
fn every_planted_pattern_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        &[
            "synth",
            "--kind",
            "ocds",
            "--releases",
            "2000",
            "-o",
            "data",
        ],
    );
    let output = succeed(
        folder.path(),
        &["screen", "data/releases.jsonl", "--format", "json"],
    );
    let result = json(&output);
    check_schema(&result);
    let found: BTreeSet<(String, String, String)> = result["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| {
            let text = |name: &str| flag[name].as_str().unwrap().to_owned();
            (text("rule"), text("subject_kind"), text("subject"))
        })
        .collect();
    let answers = std::fs::read_to_string(folder.path().join("data/answers.csv")).unwrap();
    let planted: BTreeSet<(String, String, String)> = answers
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line
                .splitn(3, ',')
                .map(|cell| cell.trim_matches('"').to_owned());
            (
                cells.next().unwrap(),
                cells.next().unwrap(),
                cells.next().unwrap(),
            )
        })
        .collect();
    let rules: BTreeSet<&str> = planted.iter().map(|(rule, _, _)| rule.as_str()).collect();
    assert_eq!(rules.len(), 11);
    let missed: Vec<_> = planted.difference(&found).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

fn release(ocid: &str) -> String {
    format!(
        "{{\"ocid\":\"{ocid}\",\"id\":\"1\",\"date\":\"2024-01-01T00:00:00Z\",\"tag\":[\"compiled\"],\"tender\":{{\"id\":\"t\",\"procurementMethod\":\"open\"}},\"bids\":{{\"details\":[{{\"id\":\"b\",\"status\":\"valid\",\"tenderers\":[{{\"id\":\"o\"}}],\"value\":{{\"amount\":1,\"currency\":\"USD\"}}}}]}}}}"
    )
}

fn write(folder: &Path, name: &str, text: &[u8]) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_broken_line_is_named_and_the_rest_is_screened() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{}\n{{\"ocid\": broken\n{}\n",
        release("ocds-1"),
        release("ocds-2")
    );
    write(folder.path(), "data.jsonl", text.as_bytes());
    let output = succeed(
        folder.path(),
        &["screen", "data.jsonl", "--format", "json", "--lang", "en"],
    );
    assert!(stderr(&output).contains("row 2"), "{}", stderr(&output));
    let result = json(&output);
    assert_eq!(result["run"]["rows"]["ocds_tenders"], 2);
}

#[test]
fn a_package_without_releases_is_said_to_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "data.json", br#"{"uri":"x","version":"1.1","publishedDate":"2024-01-01T00:00:00Z","publisher":{"name":"x"},"releases":[]}"#);
    let output = succeed(
        folder.path(),
        &["screen", "data.json", "--format", "json", "--lang", "en"],
    );
    assert!(stderr(&output).contains("warning"), "{}", stderr(&output));
    assert!(json(&output)["flags"].as_array().unwrap().is_empty());
}

#[test]
fn a_truncated_gzip_is_said_to_be_truncated() {
    let folder = tempfile::tempdir().unwrap();
    // A gzip member whose data stop in the middle.
    let bytes = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0xca];
    std::fs::File::create(folder.path().join("data.json.gz"))
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    let output = kandeng(folder.path(), &["screen", "data.json.gz", "--lang", "en"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("data.json.gz"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn bytes_that_are_not_utf_8_need_the_name_of_their_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = release("ocds-1")
        .replace("\"id\":\"t\"", "\"id\":\"t\",\"title\":\"caf~\"")
        .into_bytes();
    let place = text.iter().position(|byte| *byte == b'~').unwrap();
    text[place] = 0xe9;
    write(folder.path(), "data.json", &text);
    let refused = kandeng(folder.path(), &["screen", "data.json", "--lang", "en"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("--encoding"),
        "{}",
        stderr(&refused)
    );
    succeed(
        folder.path(),
        &[
            "screen",
            "data.json",
            "--encoding",
            "iso-8859-1",
            "--format",
            "json",
        ],
    );
}
