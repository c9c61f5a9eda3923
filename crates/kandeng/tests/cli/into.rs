//! `kandeng screen … --into DIR`: findings become flags of a node, once.

use std::path::Path;

use crate::nodes::{init, size};
use crate::{county, json, kandeng, refused, stderr, stdout, succeed};

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
fn a_changed_parameter_is_a_change_of_the_rule_and_a_passed_subject_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    init(folder);
    into(folder, &["--only", "K17"]);
    let open = flags(folder, "open");
    assert!(open > 0);
    let told = into(folder, &["--only", "K17", "--set", "K17.tolerance=1000000"]);
    assert!(told.contains(&format!("{open} cleared")), "{told}");
    assert_eq!((flags(folder, "open"), flags(folder, "cleared")), (0, open));
}

#[test]
fn a_ledger_holds_no_name_or_number_of_a_payee() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    county(folder);
    init(folder);
    into(folder, &[]);
    let told = stdout(&succeed(
        folder,
        &["ledger", "tail", "node", "-n", "100000", "--format", "json"],
    ));
    let mut withheld = 0;
    for line in told.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let found = &entry["payload"]["found"];
        for name in ["payee_shown", "names", "payee"] {
            let shown = found["figures"][name].as_str().unwrap_or("公司");
            let harmless = shown.contains("公司")
                || shown.contains(':')
                || shown.chars().all(|letter| letter.is_ascii_alphanumeric())
                || !shown.contains(char::is_alphabetic)
                || shown.chars().count() > 4;
            assert!(harmless, "{shown} in {line}");
        }
        withheld += usize::from(found["withheld"].is_array());
    }
    assert!(
        withheld > 0,
        "no finding named a person, so this shows nothing"
    );
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
