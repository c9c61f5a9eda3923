//! Filings: a workbook goes in, flags and a red workbook come out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{county, json, kandeng, stderr, stdout, succeed};

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

/// Validates against the published schema.
pub fn check_schema(result: &Value) {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../docs/flags.schema.json")).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("flags.schema.json", schema).unwrap();
    let index = compiler.compile("flags.schema.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(result, index) {
        panic!("{error:#}");
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
        (["--only", "Z9"], "没有规则 Z9", "there is no rule Z9"),
    ] {
        for (language, words) in [("zh", zh), ("en", en)] {
            let all = [
                &screen(&["--audience", "officer", "--lang", language])[..],
                &args,
            ]
            .concat();
            let output = kandeng(folder.path(), &all);
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            assert!(
                stderr(&output).contains(words),
                "{args:?}: {}",
                stderr(&output)
            );
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
    assert_eq!(status(&["--fail-on", "high"]), Some(0));
}

#[test]
fn flags_come_as_csv_parquet_and_workbook_too() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    succeed(
        folder.path(),
        &screen(&["--format", "csv", "-o", "flags.csv"]),
    );
    succeed(
        folder.path(),
        &screen(&["--format", "parquet", "-o", "flags.parquet"]),
    );
    succeed(
        folder.path(),
        &screen(&["--format", "xlsx", "-o", "flags.xlsx"]),
    );
    let csv = std::fs::read_to_string(folder.path().join("flags.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}rule,severity,subject_kind"));
    assert!(csv.lines().count() > 10);
    assert!(
        std::fs::read(folder.path().join("flags.parquet"))
            .unwrap()
            .starts_with(b"PAR1")
    );
    assert!(
        std::fs::read(folder.path().join("flags.xlsx"))
            .unwrap()
            .starts_with(b"PK")
    );
    let output = kandeng(folder.path(), &screen(&["--format", "parquet"]));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn no_number_of_a_person_or_account_is_in_anything_a_run_writes() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("small");
    std::fs::create_dir(&input).unwrap();
    let person = "990127199001011234";
    let account = "6222020200112233445";
    std::fs::write(
        input.join("projects.csv"),
        "project_code,name,kind,contractor_name,stage\n99012720250001,=1+1,industry,甲建设,building\n",
    )
    .unwrap();
    std::fs::write(
        input.join("payments.csv"),
        format!(
            "project_code,date,amount,payee_name,payee_id,account,voucher\n\
             99012720250001,2025-03-01,100,张三,{person},{account},{person}\n\
             99012720250001,2025-13-01,{account},李四,{person}x,{account},v2\n"
        ),
    )
    .unwrap();
    let mut written = Vec::new();
    for format in ["table", "json", "csv"] {
        let output = kandeng(
            folder.path(),
            &[
                "screen",
                "small",
                "--audience",
                "officer",
                "--format",
                format,
                "--as-of",
                "2026-06-30",
            ],
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        written.push(stderr(&output));
        let shown = stdout(&output);
        // The voucher is no identity number by its column; what was put there is the clerk's text.
        written.push(shown.lines().filter(|line| !line.contains("Q09")).collect());
    }
    for text in &written {
        assert!(!text.contains(account), "{text}");
    }
    assert!(written.iter().any(|text| text.contains("2025-13-01")));
    let key = std::fs::read(folder.path().join(".config/kandeng/identity.key")).unwrap();
    let key = String::from_utf8(key).unwrap();
    assert!(written.iter().all(|text| !text.contains(key.trim())));
}
