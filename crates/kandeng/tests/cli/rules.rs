//! The pack from the command line: listed, explained, tested, written out, and joined by a county's own.

use crate::{ENDLESS, county, files, json, own_rule, refused, stderr, stdout, succeed};

#[test]
fn every_rule_does_what_its_fixtures_say() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeed(folder.path(), &["rules", "test", "--lang", "en"]);
    let shown = stdout(&output);
    assert!(shown.contains("64 passed, 0 failed"), "{shown}");
}

#[test]
fn a_folder_of_rules_that_is_not_there_is_told_in_one_language() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    for command in [&["list"][..], &["show", "K17"], &["test"], &["docs"]] {
        for (path, language, words) in [
            ("nowhere", "zh", "没有这个文件或文件夹"),
            ("nowhere", "en", "there is no such file or folder"),
            ("file", "zh", "不是文件夹"),
            ("file", "en", "is no folder"),
        ] {
            let rest = ["--rules", path, "--lang", language];
            let args: Vec<&str> = ["rules"]
                .iter()
                .chain(command)
                .copied()
                .chain(rest)
                .collect();
            let output = crate::kandeng(folder.path(), &args);
            assert_eq!(output.status.code(), Some(2));
            let told = stderr(&output);
            assert!(told.contains(words), "{told}");
            // What the system says in its own words is not mixed in.
            assert!(!told.contains("os error"), "{told}");
        }
    }
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
    assert!(zh.contains("# K17") && zh.contains("比对方法") && zh.contains("误报率"));
    assert!(en.contains("# K17") && en.contains("Method") && en.contains("False-alarm rate"));
    assert!(zh.contains("select") && en.contains("Worked example"));
}

#[test]
fn every_rule_has_a_page_in_each_language() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["rules", "docs", "-o", "pages"]);
    let shown = stdout(&succeed(folder.path(), &["rules", "list"]));
    let ids = shown.lines().filter(|line| line.starts_with("  "));
    let ids: Vec<_> = ids
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for (language, sections) in [
        (
            "zh",
            [
                "比对方法",
                "为何是疑点",
                "适用范围",
                "不包括",
                "迄今测得",
                "示例",
            ],
        ),
        (
            "en",
            [
                "Method",
                "Why it is",
                "Population",
                "left out",
                "Precision",
                "Worked example",
            ],
        ),
    ] {
        let inner = folder.path().join("pages").join(language);
        assert_eq!(files(&inner).len(), ids.len() + 1);
        let index = std::fs::read_to_string(inner.join("README.md")).unwrap();
        for id in &ids {
            let page = std::fs::read_to_string(inner.join(format!("{id}.md"))).unwrap();
            assert!(page.starts_with(&format!("# {id} ")), "{id}");
            for section in sections {
                assert!(page.contains(section), "{id} has no {section}");
            }
            assert!(index.contains(&format!("({id}.md)")), "{id}");
        }
    }
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
fn a_rule_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["show", "test"] {
        for (language, words) in [("zh", "没有规则 K99"), ("en", "there is no rule K99")] {
            let args = ["rules", command, "K99", "--lang", language];
            refused(folder.path(), &args, &[words]);
        }
    }
}

fn screen_with_own<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    let base = [
        "screen",
        "county/county.xlsx",
        "--as-of",
        "2026-06-30",
        "--rules",
        "own",
        "--format",
        "json",
    ];
    [&base[..], extra].concat()
}

#[test]
fn a_rule_that_divides_by_zero_is_named_and_the_others_answer() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let sql = "select project_code as subject from projects where 1 / (row_no - row_no) > 1";
    own_rule(folder.path(), "Q90", sql);
    for (language, words) in [("zh", "除数为零"), ("en", "nullif")] {
        let output = succeed(folder.path(), &screen_with_own(&["--lang", language]));
        let told = stderr(&output);
        assert!(told.contains("Q90") && told.contains(words), "{told}");
        the_others_answered(&json(&output), "Q90");
    }
}

#[test]
fn a_rule_that_never_ends_is_stopped_by_name_and_the_others_answer() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    own_rule(folder.path(), "Q91", ENDLESS);
    for (language, words) in [("zh", "超过时限 2 秒"), ("en", "time limit of 2 s")] {
        let args = screen_with_own(&["--time-limit", "2", "--lang", language]);
        let output = succeed(folder.path(), &args);
        let told = stderr(&output);
        assert!(told.contains("Q91") && told.contains(words), "{told}");
        the_others_answered(&json(&output), "Q91");
    }
}

fn the_others_answered(result: &serde_json::Value, failed: &str) {
    crate::schema::check_schema(result);
    let ids = |list: &str| -> Vec<String> {
        let list = result[list].as_array().unwrap().iter();
        list.map(|rule| rule["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("failures"), [failed]);
    let answered = ids("rules").iter().filter(|id| id.starts_with('Q')).count();
    assert_eq!(answered, 12);
}

#[test]
fn a_rule_without_an_answer_counts_as_reaching_fail_on() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let sql = "select project_code as subject from projects where 1 / (row_no - row_no) > 1";
    own_rule(folder.path(), "Q90", sql);
    let args = screen_with_own(&["--only", "Q90", "--fail-on", "high"]);
    let output = crate::kandeng(folder.path(), &args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn a_countys_own_thresholds_are_on_no_page_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    own_rule(
        folder.path(),
        "Q94",
        "select project_code as subject from projects where row_no > $secret_limit",
    );
    let path = folder.path().join("own/Q94.sql");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("-- reach:", "-- params: secret_limit = 123457\n-- reach:");
    std::fs::write(&path, text).unwrap();
    std::fs::write(
        folder.path().join("own/Q94.fixture"),
        "case: one\nas_of: 2026-06-30\nparams: secret_limit = 123457\n",
    )
    .unwrap();
    let own = ["--rules", "own", "--lang", "en"];
    let shown = stdout(&succeed(
        folder.path(),
        &[&["rules", "show", "Q94"][..], &own].concat(),
    ));
    assert!(shown.contains("123457"), "{shown}");
    succeed(
        folder.path(),
        &[&["rules", "docs", "-o", "pages"][..], &own].concat(),
    );
    for language in ["zh", "en"] {
        let page = folder.path().join("pages").join(language).join("Q94.md");
        let page = std::fs::read_to_string(page).unwrap();
        assert!(
            page.contains("secret_limit") && !page.contains("123457"),
            "{page}"
        );
    }
}

#[test]
fn figures_of_our_rule_are_not_shown_for_one_that_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    own_rule(
        folder.path(),
        "K17",
        "select project_code as subject from projects",
    );
    std::fs::write(folder.path().join("own/K17.fixture"), "").unwrap();
    let show = |extra: &[&str]| {
        let args = [&["rules", "show", "K17", "--lang", "en"][..], extra].concat();
        stdout(&succeed(folder.path(), &args))
    };
    assert!(show(&[]).contains("False-alarm rate"));
    assert!(!show(&["--rules", "own"]).contains("False-alarm rate"));
}

#[test]
fn a_rule_of_ones_own_finds_and_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let sql = "select project_code as subject from projects where row_no = 7";
    own_rule(folder.path(), "Q93", sql);
    let result = json(&succeed(
        folder.path(),
        &screen_with_own(&["--only", "Q93"]),
    ));
    assert_eq!(result["flags"].as_array().unwrap().len(), 1);
    let shown = stdout(&succeed(
        folder.path(),
        &["rules", "list", "--rules", "own"],
    ));
    assert!(shown.contains("Q93"), "{shown}");
}

#[test]
fn a_rule_file_that_is_wrong_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for (sql, line) in [
        ("drop table projects", 11),
        ("select nothing as subject from projects", 11),
        ("select project_code as subject from nowhere", 11),
        ("select 1 as one", 11),
        (
            "-- colour: red\nselect project_code as subject from projects",
            11,
        ),
    ] {
        own_rule(folder.path(), "Q92", sql);
        for language in ["zh", "en"] {
            let place = format!("Q92.sql:{line}: ");
            refused(
                folder.path(),
                &screen_with_own(&["--lang", language]),
                &[&place],
            );
        }
    }
}

#[test]
fn a_rule_without_fixtures_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let sql = "select project_code as subject from projects";
    own_rule(folder.path(), "Q92", sql);
    std::fs::remove_file(folder.path().join("own/Q92.fixture")).unwrap();
    refused(
        folder.path(),
        &screen_with_own(&["--lang", "en"]),
        &["Q92.sql:1: ", "Q92.fixture is missing"],
    );
}

#[test]
fn a_rule_that_marks_an_unknown_item_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let sql = "-- items: name, nickname\nselect project_code as subject from projects";
    own_rule(folder.path(), "Q92", sql);
    refused(
        folder.path(),
        &screen_with_own(&["--lang", "en"]),
        &["Q92.sql:11: ", "there is no item nickname"],
    );
}

#[test]
fn a_title_in_one_language_only_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    own_rule(
        folder.path(),
        "Q92",
        "select project_code as subject from projects",
    );
    let path = folder.path().join("own/Q92.sql");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("-- title.en: A\n", "")).unwrap();
    refused(
        folder.path(),
        &screen_with_own(&["--lang", "en"]),
        &["Q92.sql:1", "title.en"],
    );
}

#[test]
fn the_profile_shows_the_time_of_every_statement() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let args = [
        "rules",
        "profile",
        "county/county.xlsx",
        "--only",
        "K17,K32",
        "--lang",
        "en",
    ];
    let shown = stdout(&succeed(folder.path(), &args));
    assert!(shown.contains(" ms ") && shown.contains("K17"), "{shown}");
}
