//! The pack from the command line: listed, explained, tested, written out, and joined by a county's own.

use crate::{county, json, kandeng, stderr, stdout, succeed};

const HEAD: &str = "-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n-- subject: project\n-- reach: record\n-- basis: practice\n-- says.zh: {subject}\n-- says.en: {subject}\n";

#[test]
fn every_rule_does_what_its_fixtures_say() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeed(folder.path(), &["rules", "test", "--lang", "en"]);
    let shown = stdout(&output);
    assert!(shown.contains("64 passed, 0 failed"), "{shown}");
}

#[test]
fn a_rule_is_explained_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let zh = stdout(&succeed(
        folder.path(),
        &["rules", "show", "k17", "--lang", "zh"],
    ));
    let en = stdout(&succeed(
        folder.path(),
        &["rules", "show", "K17", "--lang", "en"],
    ));
    assert!(zh.contains("# K17") && zh.contains("比对方法") && zh.contains("select"));
    assert!(en.contains("# K17") && en.contains("Method") && en.contains("Worked example"));
    assert_eq!(
        kandeng(folder.path(), &["rules", "show", "K99"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn every_rule_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["rules", "docs", "-o", "pages"]);
    let pages = std::fs::read_dir(folder.path().join("pages"))
        .unwrap()
        .count();
    assert_eq!(pages, 65);
}

#[test]
fn all_rules_are_listed_with_their_audience() {
    let folder = tempfile::tempdir().unwrap();
    let shown = stdout(&succeed(folder.path(), &["rules", "list", "--lang", "en"]));
    let listed = shown.lines().filter(|line| line.starts_with("  ")).count();
    assert_eq!(listed, 64);
    assert!(
        shown
            .lines()
            .any(|line| line.contains("K17") && line.contains("officer"))
    );
}

#[test]
fn a_rule_of_ones_own_that_fails_or_never_ends_is_named_and_the_others_answer() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let rule = |id: &str, body: &str| {
        std::fs::write(
            own.join(format!("{id}.sql")),
            format!("-- id: {id}\n{HEAD}{body}\n"),
        )
        .unwrap()
    };
    rule(
        "Q90",
        "select project_code as subject from projects where 1 / (row_no - row_no) > 1",
    );
    rule(
        "Q91",
        "with recursive n as (select 1 as i union all select i + 1 from n where i > 0) select p.project_code as subject from projects p join n on n.i = -1",
    );
    let args = [
        "screen",
        "county/county.xlsx",
        "--as-of",
        "2026-06-30",
        "--rules",
        "own",
        "--time-limit",
        "2",
        "--format",
        "json",
        "--lang",
        "en",
    ];
    let output = succeed(folder.path(), &args);
    let told = stderr(&output);
    assert!(told.contains("Q90") && told.contains("nullif"), "{told}");
    assert!(
        told.contains("Q91") && told.contains("time limit"),
        "{told}"
    );
    let result = json(&output);
    assert_eq!(result["failures"].as_array().unwrap().len(), 2);
    assert!(
        result["rules"]
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| rule["id"] == "Q05")
    );
}

#[test]
fn a_header_that_is_wrong_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(
        own.join("Q92.sql"),
        format!("-- id: Q92\n-- colour: red\n{HEAD}select project_code as subject from projects\n"),
    )
    .unwrap();
    let output = kandeng(
        folder.path(),
        &[
            "screen",
            "county/county.xlsx",
            "--rules",
            "own",
            "--lang",
            "en",
        ],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Q92.sql:2"), "{}", stderr(&output));
}
