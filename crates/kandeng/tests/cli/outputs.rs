//! Where results go and in which form: each form opens, says the same, and is never there by half.

use crate::{county, files, json, kandeng, refused, stdout, succeed};

const SCREEN: [&str; 4] = ["screen", "county/county.xlsx", "--as-of", "2026-06-30"];

fn screen<'a>(extra: &[&'a str]) -> Vec<&'a str> {
    [&SCREEN[..], extra].concat()
}

/// Cells of comma-separated text as RFC 4180 has it.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        // Cannot fail: there is always a last row with a last cell.
        let row = rows.last_mut().unwrap();
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                row.last_mut().unwrap().push('"');
                letters.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(String::new()),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => rows.push(vec![String::new()]),
            _ => row.last_mut().unwrap().push(letter),
        }
    }
    assert!(!is_quoted, "a quote is never closed");
    assert_eq!(rows.pop(), Some(vec![String::new()]), "no last line break");
    rows
}

#[test]
fn the_csv_holds_the_flags_of_the_json_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let flags = json(&succeed(folder.path(), &screen(&["--format", "json"])));
    let flags = flags["flags"].as_array().unwrap();
    succeed(
        folder.path(),
        &screen(&["--format", "csv", "-o", "flags.csv"]),
    );
    let text = std::fs::read_to_string(folder.path().join("flags.csv")).unwrap();
    let rows = csv(text.strip_prefix('\u{feff}').unwrap());
    assert_eq!(rows.len(), flags.len() + 1);
    for (row, flag) in rows[1..].iter().zip(flags) {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        assert_eq!(flag["rule"], row[0].as_str());
        assert_eq!(flag["subject"], row[3].as_str());
        let figures: serde_json::Value = serde_json::from_str(&row[9]).unwrap();
        assert_eq!(flag["figures"], figures);
        assert_eq!(flag["fingerprint"], row[10].as_str());
    }
}

#[test]
fn a_parquet_file_is_whole_and_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    succeed(
        folder.path(),
        &screen(&["--format", "parquet", "-o", "flags.parquet"]),
    );
    let bytes = std::fs::read(folder.path().join("flags.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    for column in ["rule", "severity", "fingerprint", "says_zh", "says_en"] {
        let is_there = bytes
            .windows(column.len())
            .any(|part| part == column.as_bytes());
        assert!(is_there, "{column}");
    }
}

#[test]
fn the_form_is_that_of_the_files_ending_where_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let before = files(&folder.path().join("county"));
    succeed(folder.path(), &screen(&["-o", "flags.json"]));
    let text = std::fs::read_to_string(folder.path().join("flags.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(!result["flags"].as_array().unwrap().is_empty());
    succeed(folder.path(), &screen(&["-o", "FLAGS.CSV"]));
    let text = std::fs::read_to_string(folder.path().join("FLAGS.CSV")).unwrap();
    assert!(text.starts_with('\u{feff}'));
    // What ends like no workbook is not made one.
    for (language, words) in [("zh", "应以 .xlsx 结尾"), ("en", "ends in .xlsx")] {
        let args = screen(&["-o", "flags.pdf", "--lang", language]);
        refused(folder.path(), &args, &[words, "flags.pdf", "--format"]);
    }
    assert!(!folder.path().join("flags.pdf").exists());
    assert_eq!(files(&folder.path().join("county")), before);
}

#[test]
fn the_gravest_are_named_by_severity_and_then_by_money() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for only in ["Q01,Q05,Q06,Q10", "Q04,Q09,Q10"] {
        let chosen = ["--only", only, "--lang", "en"];
        let result = json(&succeed(
            folder.path(),
            &screen(&[&chosen[..], &["--format", "json"]].concat()),
        ));
        let rank = |flag: &serde_json::Value| match flag["severity"].as_str().unwrap() {
            "high" => 2,
            "medium" => 1,
            _ => 0,
        };
        let mut flags = result["flags"].as_array().unwrap().clone();
        assert!(flags.len() > 10);
        flags.sort_by_key(|flag| {
            std::cmp::Reverse((rank(flag), flag["money_fen"].as_i64().unwrap_or(0)))
        });
        let summary = stdout(&succeed(folder.path(), &screen(&chosen)));
        let (_, mut rest) = summary.split_once("The 10 gravest").unwrap();
        for flag in &flags[..10] {
            let says = flag["says"]["en"].as_str().unwrap();
            let (_, after) = rest
                .split_once(says)
                .unwrap_or_else(|| panic!("{says}\n{rest}"));
            rest = after;
        }
    }
}

#[test]
fn rules_without_an_answer_stand_in_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let rules = folder.path().join("own");
    std::fs::create_dir(&rules).unwrap();
    let rule = "-- id: X01\n-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n\
        -- subject: project\n-- reach: record\n-- basis: practice\n-- says.zh: 甲\n-- says.en: A\n\
        select project_code as subject, 1 / (row_no - row_no) as n from projects\n";
    std::fs::write(rules.join("X01.sql"), rule).unwrap();
    std::fs::write(rules.join("X01.fixture"), "").unwrap();
    for (language, words) in [
        ("zh", "有 1 条规则没有结果(原因见上):X01"),
        ("en", "Without an answer, see above: 1 (X01)"),
    ] {
        let args = screen(&["--rules", "own", "--lang", language]);
        let summary = stdout(&succeed(folder.path(), &args));
        assert!(
            summary.contains(words) && summary.contains("X01"),
            "{summary}"
        );
    }
}

#[test]
fn a_workbook_of_flags_goes_where_it_is_told_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    succeed(
        folder.path(),
        &screen(&["--format", "xlsx", "-o", "flags.xlsx"]),
    );
    let bytes = std::fs::read(folder.path().join("flags.xlsx")).unwrap();
    assert!(bytes.starts_with(b"PK"));
    assert_eq!(
        files(&folder.path().join("county")),
        ["answers", "county.xlsx", "identity.key"]
    );
}

#[test]
fn a_summary_goes_to_the_file_named_where_there_is_no_red_workbook() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, input) in [
        (
            &["--kind", "ocds", "--releases", "50"][..],
            "ocds/releases.jsonl",
        ),
        (&["--projects", "50", "--format", "parquet"], "parquet"),
    ] {
        let name = input.split('/').next().unwrap();
        succeed(folder.path(), &[&["synth", "-o", name][..], kind].concat());
        let file = format!("{name}.txt");
        let output = succeed(
            folder.path(),
            &["screen", input, "-o", &file, "--lang", "en"],
        );
        assert!(stdout(&output).is_empty(), "{}", stdout(&output));
        let text = std::fs::read_to_string(folder.path().join(&file)).unwrap();
        assert!(text.contains("A flag is a question"), "{text}");
    }
}

#[test]
fn each_of_several_workbooks_gets_its_own_red_one() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    for (name, seed) in [("a", "1"), ("b", "2")] {
        let args = ["synth", "--projects", "60", "--seed", seed, "-o", name];
        succeed(folder.path(), &args);
        std::fs::copy(
            inside(name).join("county.xlsx"),
            inside(&format!("{name}.xlsx")),
        )
        .unwrap();
    }
    let both = [
        "screen",
        "a.xlsx",
        "b.xlsx",
        "--as-of",
        "2026-06-30",
        "--lang",
        "en",
    ];
    let shown = stdout(&succeed(folder.path(), &both));
    for name in ["a.flags.xlsx", "b.flags.xlsx"] {
        assert!(shown.contains(name), "{shown}");
        assert!(std::fs::read(inside(name)).unwrap().starts_with(b"PK"));
    }
    refused(
        folder.path(),
        &[&both[..], &["-o", "c.xlsx"]].concat(),
        &["2 inputs", "--format"],
    );
    succeed(
        folder.path(),
        &[&both[..], &["--format", "xlsx", "-o", "flags.xlsx"]].concat(),
    );
}

#[test]
fn a_dash_is_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let to_dash = |format: &str| {
        stdout(&succeed(
            folder.path(),
            &screen(&["--format", format, "-o", "-"]),
        ))
    };
    assert!(to_dash("csv").starts_with("\u{feff}rule,"));
    assert!(to_dash("json").starts_with("{\"run\":"));
    assert!(!folder.path().join("-").exists());
}

#[test]
fn a_form_that_is_no_text_needs_a_file() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for format in ["parquet", "xlsx"] {
        for (language, word) in [("zh", "需要用 --output"), ("en", "needs a file")] {
            for extra in [&[][..], &["-o", "-"]] {
                let base = screen(&["--format", format, "--lang", language]);
                refused(folder.path(), &[&base[..], extra].concat(), &[word]);
            }
        }
    }
}

#[test]
fn the_red_workbook_never_replaces_the_input() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let original = folder.path().join("county/county.xlsx");
    let before = std::fs::read(&original).unwrap();
    for extra in [&[][..], &["--format", "xlsx"]] {
        let base = screen(&["-o", "county/county.xlsx", "--lang", "en"]);
        refused(
            folder.path(),
            &[&base[..], extra].concat(),
            &["county.xlsx"],
        );
    }
    assert_eq!(std::fs::read(&original).unwrap(), before);
}

#[test]
fn an_earlier_result_stays_when_the_input_turns_out_to_be_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("flags.csv"), "earlier").unwrap();
    std::fs::write(folder.path().join("empty.xlsx"), "").unwrap();
    refused(
        folder.path(),
        &["screen", "empty.xlsx", "--format", "csv", "-o", "flags.csv"],
        &["empty.xlsx"],
    );
    let kept = std::fs::read_to_string(folder.path().join("flags.csv")).unwrap();
    assert_eq!(kept, "earlier");
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for format in ["json", "csv", "parquet", "xlsx"] {
        let name = format!("no/such/folder/flags.{format}");
        refused(
            folder.path(),
            &screen(&["--format", format, "-o", &name, "--lang", "en"]),
            &["error: ", &name],
        );
    }
    assert_eq!(files(folder.path()), [".config", "county"]);
}

#[test]
fn text_that_would_be_a_formula_is_neutralised_in_csv() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("small");
    std::fs::create_dir(&input).unwrap();
    std::fs::write(
        input.join("projects.csv"),
        "project_code,name,contractor_name,stage\n=HYPERLINK(0),=1+1,@SUM(A1),filed\n",
    )
    .unwrap();
    let output = kandeng(folder.path(), &["screen", "small", "--format", "csv"]);
    let shown = stdout(&output);
    let rows = csv(shown.strip_prefix('\u{feff}').unwrap());
    assert!(rows.iter().any(|row| row[3] == "'=HYPERLINK(0)"), "{shown}");
    for cell in rows.iter().flatten() {
        let starts_one = cell.starts_with(['=', '+', '-', '@', '\t']);
        assert!(!starts_one || cell.parse::<f64>().is_ok(), "{cell}");
    }
}

/// Files below a folder with their bytes.
fn bytes_of(folder: &std::path::Path, names: &[&str]) -> Vec<Vec<u8>> {
    let read = |name: &&str| std::fs::read(folder.join(name)).unwrap();
    names.iter().map(read).collect()
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let inside = |name: &str| folder.path().join(name);
    for name in ["a.xlsx", "a.flags.xlsx", "registers.xlsx"] {
        std::fs::copy(inside("county/county.xlsx"), inside(name)).unwrap();
    }
    std::fs::copy(inside("county/identity.key"), inside("a.key")).unwrap();
    std::fs::create_dir_all(inside("sheets")).unwrap();
    let projects = "project_code,name\n99012720250001,路\n";
    std::fs::write(inside("sheets/projects.csv"), projects).unwrap();
    std::fs::create_dir_all(inside("photos/deep")).unwrap();
    std::fs::write(inside("photos/deep/a.jpg"), "picture").unwrap();
    crate::own_rule(folder.path(), "Q91", crate::ENDLESS);
    let names = [
        "a.xlsx",
        "a.flags.xlsx",
        "registers.xlsx",
        "a.key",
        "sheets/projects.csv",
        "photos/deep/a.jpg",
        "own/Q91.sql",
    ];
    let before = bytes_of(folder.path(), &names);
    for (args, named) in [
        (&["a.xlsx", "a.flags.xlsx"][..], "a.flags.xlsx"),
        (&["a.xlsx", "--registers", "a.flags.xlsx"], "a.flags.xlsx"),
        (
            &[
                "a.xlsx",
                "--registers",
                "registers.xlsx",
                "-o",
                "registers.xlsx",
            ],
            "registers.xlsx",
        ),
        (
            &[
                "a.xlsx", "--key", "a.key", "--format", "csv", "-o", "./a.key",
            ],
            "a.key",
        ),
        (&["sheets", "-o", "sheets/projects.csv"], "projects.csv"),
        (
            &["sheets", "--format", "csv", "-o", "sheets/new.csv"],
            "new.csv",
        ),
        (
            &["sheets", "--photos", "photos", "-o", "photos/deep/a.jpg"],
            "a.jpg",
        ),
        (
            &[
                "sheets",
                "--rules",
                "own",
                "--format",
                "json",
                "-o",
                "own/Q91.sql",
            ],
            "Q91.sql",
        ),
    ] {
        for (language, words) in [("zh", "会覆盖"), ("en", "would replace")] {
            let args = [&["screen"][..], args, &["--lang", language]].concat();
            refused(folder.path(), &args, &[named, words]);
        }
    }
    assert_eq!(bytes_of(folder.path(), &names), before);
    assert_eq!(files(&inside("sheets")), ["projects.csv"]);
    // An earlier result is no part of what is read.
    for _ in 0..2 {
        let args = [
            "screen",
            "sheets",
            "--photos",
            ".",
            "--format",
            "json",
            "-o",
            "flags.json",
        ];
        succeed(folder.path(), &args);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_into_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    succeed(folder.path(), &screen(&["--format", "csv", "-o", "pipe"]));
    // Were the pipe replaced, its reader would wait for ever.
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(reader.join().unwrap().contains("rule,severity"));
    refused(
        folder.path(),
        &screen(&["--format", "xlsx", "-o", "pipe", "--lang", "en"]),
        &["pipe", "no regular file"],
    );
}
