//! Filings: a workbook goes in, flags and a red workbook come out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema::check_schema;
use crate::{county, json, kandeng, refused, stdout, succeed};

const SCREEN: &[&str] = &["screen", "county/county.xlsx", "--as-of", "2026-06-30"];

fn screen(extra: &[&'static str]) -> Vec<&'static str> {
    [SCREEN, extra].concat()
}

#[test]
fn a_filer_sees_rules_of_completeness_only_and_an_officer_sees_both() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let rules = |args: &[&str]| -> BTreeSet<String> {
        let result = json(&succeed(folder.path(), args));
        let flags = result["flags"].as_array().unwrap();
        let ids = result["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| &rule["id"]);
        ids.chain(flags.iter().map(|flag| &flag["rule"]))
            .map(|id| id.as_str().unwrap()[..1].to_owned())
            .collect()
    };
    assert_eq!(
        rules(&screen(&["--format", "json"])),
        BTreeSet::from(["Q".to_owned()])
    );
    let officer = rules(&screen(&["--format", "json", "--audience", "officer"]));
    assert_eq!(officer, BTreeSet::from(["K".to_owned(), "Q".to_owned()]));
}

#[test]
fn the_result_is_as_its_schema_says_and_the_three_answers_add_up() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let result = json(&succeed(
        folder.path(),
        &screen(&["--format", "json", "--audience", "officer"]),
    ));
    check_schema(&result);
    assert!(!result["flags"].as_array().unwrap().is_empty());
    for rule in result["rules"].as_array().unwrap() {
        let count = |name: &str| rule[name].as_u64().unwrap();
        assert_eq!(
            count("flagged") + count("passed") + count("not_applicable"),
            count("applies"),
            "{rule}"
        );
        let reasons: u64 = rule["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| reason["subjects"].as_u64().unwrap())
            .sum();
        assert_eq!(reasons, count("not_applicable"), "{rule}");
    }
    for flag in result["flags"].as_array().unwrap() {
        assert!(
            flag["subject_kind"] != "project" || !flag["where"].as_array().unwrap().is_empty(),
            "nothing to mark for {flag}"
        );
    }
}

#[test]
fn the_same_input_and_day_give_the_same_bytes_but_for_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let run = || {
        let mut result = json(&succeed(
            folder.path(),
            &screen(&["--format", "json", "--audience", "officer"]),
        ));
        result["run"]["started"] = Value::Null;
        result["run"]["seconds"] = Value::Null;
        result.to_string()
    };
    assert_eq!(run(), run());
}

#[test]
fn the_red_workbook_lies_beside_the_input_which_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let original = folder.path().join("county/county.xlsx");
    let before = std::fs::read(&original).unwrap();
    let shown = stdout(&succeed(folder.path(), &screen(&["--lang", "en"])));
    assert!(
        shown.contains("county.flags.xlsx") && shown.contains("gravest"),
        "{shown}"
    );
    assert_eq!(std::fs::read(&original).unwrap(), before);
    let red = std::fs::read(folder.path().join("county/county.flags.xlsx")).unwrap();
    assert!(red.starts_with(b"PK") && red.len() > before.len() / 2);
}

#[test]
fn only_and_set_choose_rules_and_their_parameters() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let flags = |extra: &[&'static str]| {
        let base = screen(&["--format", "json", "--audience", "officer", "--only", "k32"]);
        let result = json(&succeed(folder.path(), &[&base[..], extra].concat()));
        assert!(
            result["rules"]
                .as_array()
                .unwrap()
                .iter()
                .all(|rule| rule["id"] == "K32")
        );
        result["flags"].as_array().unwrap().len()
    };
    assert!(flags(&["--set", "K32.tolerance=0.0001"]) > flags(&[]));
}

#[test]
fn what_cannot_be_set_is_said_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for (args, zh, en) in [
        (["--set", "K17.nothing=1"], "没有参数", "has no parameter"),
        (["--set", "K17"], "--set 应写成", "--set reads"),
        (["--set", "K99.x=1"], "没有规则 K99", "there is no rule K99"),
        (
            ["--set", "K32.tolerance=wide"],
            "--set K32.tolerance=wide:",
            "--set K32.tolerance=wide:",
        ),
        (["--only", "Z9"], "没有规则 Z9", "there is no rule Z9"),
    ] {
        for (language, words) in [("zh", zh), ("en", en)] {
            let base = screen(&["--audience", "officer", "--lang", language]);
            refused(folder.path(), &[&base[..], &args].concat(), &[words]);
        }
    }
}

#[test]
fn fail_on_sets_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let status = |extra: &[&'static str]| {
        let base = screen(&["--format", "json", "--only", "Q07"]);
        kandeng(folder.path(), &[&base[..], extra].concat())
            .status
            .code()
    };
    assert_eq!(status(&["--fail-on", "low"]), Some(1));
    assert_eq!(status(&["--fail-on", "medium"]), Some(0));
    assert_eq!(status(&["--fail-on", "high"]), Some(0));
    assert_eq!(status(&[]), Some(0));
}

#[test]
fn the_result_is_written_although_the_exit_status_is_1() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let args = screen(&["--format", "json", "--fail-on", "high", "-o", "flags.json"]);
    assert_eq!(kandeng(folder.path(), &args).status.code(), Some(1));
    let text = std::fs::read_to_string(folder.path().join("flags.json")).unwrap();
    check_schema(&serde_json::from_str(&text).unwrap());
}

#[test]
fn a_later_day_changes_what_is_found() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let flags = |day: &str| {
        let args = [
            "screen",
            "county/county.xlsx",
            "--format",
            "json",
            "--audience",
            "officer",
            "--as-of",
            day,
        ];
        let result = json(&succeed(folder.path(), &args));
        assert_eq!(result["run"]["as_of"], day);
        result["flags"].clone()
    };
    assert_ne!(flags("2026-06-30"), flags("2028-06-30"));
}

#[test]
fn csv_parquet_and_workbook_of_one_county_give_the_same_flags() {
    let folder = tempfile::tempdir().unwrap();
    let flags = |format: &str| -> BTreeSet<String> {
        let synth = [
            "synth",
            "--projects",
            "200",
            "--seed",
            "1",
            "--format",
            format,
            "-o",
            format,
        ];
        succeed(folder.path(), &synth);
        let input = if format == "xlsx" {
            "xlsx/county.xlsx"
        } else {
            format
        };
        // What the platform recorded stands under a seal of the county's own key.
        let key = format!("{format}/identity.key");
        let args = [
            "screen",
            input,
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
        let flags = result["flags"].as_array().unwrap().iter();
        flags
            .map(|flag| {
                format!(
                    "{} {} {}",
                    flag["rule"], flag["subject"], flag["fingerprint"]
                )
            })
            .collect()
    };
    let workbook = flags("xlsx");
    assert!(!workbook.is_empty());
    assert_eq!(flags("csv"), workbook);
    assert_eq!(flags("parquet"), workbook);
}
