//! `kandeng screen … --into DIR`: findings become flags of a node, once.

use std::path::Path;

use crate::nodes::{init, size};
use crate::{county, json, kandeng, own_rule, refused, stderr, stdout, succeed};

const SCREEN: [&str; 10] = [
    "screen",
    "county/county.xlsx",
    "--as-of",
    "2026-06-30",
    "--audience",
    "officer",
    "--into",
    "node",
    "--lang",
    "en",
];

/// Screens into the node and gives what was said about it.
fn into(folder: &Path, more: &[&str]) -> String {
    let args: Vec<&str> = SCREEN.iter().chain(more).copied().collect();
    let output = succeed(folder, &args);
    let told = stderr(&output);
    told.lines()
        .find(|line| line.starts_with("Into node"))
        .unwrap_or_else(|| panic!("nothing of the node in {told}"))
        .to_owned()
}

fn flags(folder: &Path, state: &str) -> i64 {
    let connection = rusqlite::Connection::open(folder.join("node/kandeng.db")).unwrap();
    connection
        .query_row(
            "select count(*) from flags where state = ?1",
            [state],
            |row| row.get(0),
        )
        .unwrap()
}

#[test]
fn what_is_found_is_raised_once_and_a_second_run_appends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    let node = init(folder);
    let found = json(&succeed(
        folder,
        &[&SCREEN[..6], &["--format", "json"]].concat(),
    ));
    let found = found["flags"].as_array().unwrap().len();
    assert!(found > 50);
    let told = into(folder, &[]);
    assert!(
        told.contains(&format!("{found} flags raised, 0 changed, 0 cleared")),
        "{told}"
    );
    assert_eq!(flags(folder, "open"), found as i64);
    let before = size(&node);
    let told = into(folder, &[]);
    assert!(
        told.contains("0 flags raised, 0 changed, 0 cleared"),
        "{told}"
    );
    assert_eq!(size(&node), before, "an unchanged county appends nothing");
    succeed(folder, &["verify", "node"]);
    // What was appended was published before the command ended.
    let stats = json(&succeed(
        folder,
        &["ledger", "stats", "node", "--format", "json"],
    ));
    assert_eq!(stats["published"], stats["entries"]);
}

#[test]
fn rules_that_did_not_run_and_subjects_that_were_not_there_keep_their_flags() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    init(folder);
    into(folder, &[]);
    let open = flags(folder, "open");
    let told = into(folder, &["--only", "K17"]);
    assert!(
        told.contains("0 flags raised, 0 changed, 0 cleared"),
        "{told}"
    );
    // Another county: of the first one's projects it says nothing.
    succeed(
        folder,
        &["synth", "--projects", "60", "--seed", "7", "-o", "other"],
    );
    let mut other = SCREEN;
    other[1] = "other/county.xlsx";
    succeed(folder, &other);
    assert!(flags(folder, "open") >= open);
}

#[test]
fn a_subject_that_passes_is_cleared_and_comes_again_when_it_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    init(folder);
    into(folder, &["--only", "K17"]);
    let open = flags(folder, "open");
    assert!(open > 0);
    // With a tolerance that nothing exceeds by declaring too much.
    let told = into(folder, &["--only", "K17", "--set", "K17.tolerance=1000000"]);
    let cleared = flags(folder, "cleared");
    assert!(cleared > 0, "{told}");
    assert!(told.contains(&format!("{cleared} cleared")), "{told}");
    assert_eq!(flags(folder, "open"), open - cleared);
    let told = into(folder, &["--only", "K17"]);
    assert!(told.contains(&format!("{cleared} flags raised")), "{told}");
    assert_eq!(flags(folder, "open"), open);
}

#[test]
fn a_ledger_holds_no_name_of_a_payee() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    init(folder);
    own_rule(
        folder,
        "Q91",
        "select p.project_code as subject, '王桂香' as payee_shown from projects p",
    );
    let path = folder.join("own/Q91.sql");
    let rule = std::fs::read_to_string(&path).unwrap();
    let rule = rule
        .replace(
            "-- says.zh: {subject}",
            "-- key: payee_shown\n-- personal: payee_shown\n-- says.zh: 付给 {payee_shown}",
        )
        .replace("-- says.en: {subject}", "-- says.en: paid to {payee_shown}");
    std::fs::write(&path, rule).unwrap();
    let told = into(folder, &["--rules", "own", "--only", "Q91"]);
    assert!(told.contains("200 flags raised"), "{told}");
    let told = stdout(&succeed(
        folder,
        &["ledger", "tail", "node", "-n", "1000", "--format", "json"],
    ));
    assert!(!told.contains("王桂香"), "a name is in the ledger");
    let found: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|entry| entry["payload"]["found"].clone())
        .filter(serde_json::Value::is_object)
        .collect();
    assert_eq!(found.len(), 200);
    for found in found {
        assert_eq!(found["withheld"], serde_json::json!(["payee_shown"]));
        assert_eq!(found["figures"], serde_json::json!({}));
        assert!(found["says"]["en"].as_str().unwrap().starts_with("paid to"));
    }
}

#[test]
fn a_folder_that_is_none_is_told_before_anything_is_screened() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    refused(folder, &SCREEN, &["node does not exist", "kandeng init"]);
    let node = init(folder);
    let open = crate::nodes::open(&node);
    let output = kandeng(folder, &SCREEN);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("another kandeng process"),
        "{}",
        stderr(&output)
    );
    open.close();
}
