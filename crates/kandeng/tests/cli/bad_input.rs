//! What is wrong with an input or the arguments is said clearly, and nothing is left half done.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{county, kandeng, stderr, succeed};

#[test]
fn an_input_that_is_not_there_or_is_empty_is_named_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.xlsx"), b"").unwrap();
    std::fs::write(folder.path().join("empty.json"), b"").unwrap();
    for name in ["missing.xlsx", "empty.xlsx", "empty.json"] {
        for language in ["zh", "en"] {
            let output = kandeng(folder.path(), &["screen", name, "--lang", language]);
            assert_eq!(output.status.code(), Some(2), "{name}");
            let told = stderr(&output);
            assert!(told.contains(name), "{told}");
            assert_eq!(told.contains("错误"), language == "zh", "{told}");
        }
    }
}

#[test]
fn arguments_that_are_wrong_end_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["screen"][..],
        &["frobnicate"],
        &["screen", "x", "--as-of", "yesterday"],
        &["synth", "--projects", "3", "-o", "x"],
    ] {
        assert_eq!(
            kandeng(folder.path(), args).status.code(),
            Some(2),
            "{args:?}"
        );
    }
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let args = [
        "screen",
        "county/county.xlsx",
        "--format",
        "csv",
        "-o",
        "no/such/folder/flags.csv",
        "--lang",
        "en",
    ];
    let output = kandeng(folder.path(), &args);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("flags.csv"), "{}", stderr(&output));
    assert!(!folder.path().join("no").exists());
}

#[test]
fn ctrl_c_stops_soon_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let rule = "-- id: Q91\n-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n-- subject: project\n-- reach: record\n-- basis: practice\n-- says.zh: {subject}\n-- says.en: {subject}\n\
        with recursive n as (select 1 as i union all select i + 1 from n where i > 0) select p.project_code as subject from projects p join n on n.i = -1\n";
    std::fs::write(own.join("Q91.sql"), rule).unwrap();
    let files = || {
        let mut names: Vec<_> = std::fs::read_dir(folder.path().join("county"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = files();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kandeng"))
        .args([
            "screen",
            "county/county.xlsx",
            "--rules",
            "own",
            "--time-limit",
            "600",
        ])
        .current_dir(folder.path())
        .env("XDG_CONFIG_HOME", folder.path().join(".config"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Ask again and again until it hears: it may not have set its handler yet.
    let start = Instant::now();
    let status = loop {
        let id = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        std::thread::sleep(Duration::from_millis(700));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it did not stop");
    };
    assert!(!status.success());
    assert_eq!(files(), before);
}

#[test]
fn the_untouched_template_is_read_as_a_filing_without_projects() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        &["template", "-o", "template.xlsx", "--lang", "zh"],
    );
    let output = succeed(
        folder.path(),
        &[
            "screen",
            "template.xlsx",
            "--format",
            "json",
            "--lang",
            "en",
        ],
    );
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(result["flags"].as_array().unwrap().is_empty());
}

#[test]
fn text_that_would_be_a_formula_is_neutralised_in_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("small");
    std::fs::create_dir(&input).unwrap();
    std::fs::write(
        input.join("projects.csv"),
        "project_code,name,stage\n=HYPERLINK(0),甲,filed\n",
    )
    .unwrap();
    let output = succeed(folder.path(), &["screen", "small", "--format", "csv"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("HYPERLINK"), "{shown}");
    assert!(
        shown.lines().all(|line| !line
            .split(',')
            .any(|cell| cell.trim_matches('"').starts_with('='))),
        "{shown}"
    );
}
