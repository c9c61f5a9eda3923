//! Open contracting data: releases go in, red flags come out.

use std::path::Path;

use crate::schema::check_schema;
use crate::{json, refused, stderr, succeed};

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
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
    let result = json(&output);
    check_schema(&result);
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

/// A gzip file with one block that is stored as it is, cut off within its last line.
fn cut_gzip(lines: &str) -> Vec<u8> {
    let promised = u16::try_from(lines.len() + 1000).unwrap();
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    bytes.extend(promised.to_le_bytes());
    bytes.extend((!promised).to_le_bytes());
    bytes.extend(lines.as_bytes());
    bytes
}

#[test]
fn a_truncated_gzip_gives_the_lines_before_the_damage_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("{}\n{}\n{{\"ocid\":", release("ocds-1"), release("ocds-2"));
    write(folder.path(), "data.jsonl.gz", &cut_gzip(&lines));
    for (language, word) in [("zh", "不完整"), ("en", "truncated")] {
        let args = [
            "screen",
            "data.jsonl.gz",
            "--format",
            "json",
            "--lang",
            language,
        ];
        let output = succeed(folder.path(), &args);
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
        assert_eq!(json(&output)["run"]["rows"]["ocds_tenders"], 2);
    }
}

#[test]
fn a_gzip_cut_off_before_anything_could_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0xca];
    write(folder.path(), "data.json.gz", &bytes);
    for (language, word) in [("zh", "错误:"), ("en", "truncated")] {
        let args = ["screen", "data.json.gz", "--lang", language];
        refused(folder.path(), &args, &["data.json.gz", word]);
    }
}

#[test]
fn json_that_is_no_contracting_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["{\"a\":1}", "[]", "null", "{"] {
        write(folder.path(), "data.json", text.as_bytes());
        refused(folder.path(), &["screen", "data.json"], &["data.json"]);
    }
}

#[test]
fn only_the_rules_asked_for_are_run() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "data.json", release("ocds-1").as_bytes());
    let args = [
        "screen",
        "data.json",
        "--format",
        "json",
        "--only",
        "r018,R036",
    ];
    let result = json(&succeed(folder.path(), &args));
    check_schema(&result);
    let mut rules: Vec<_> = result["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    rules.dedup();
    assert_eq!(rules, ["R018", "R036"]);
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
    refused(
        folder.path(),
        &["screen", "data.json", "--lang", "en"],
        &["data.json", "UTF-8", "--encoding"],
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
