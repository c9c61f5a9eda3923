//! Numbers of people where nobody expects them: in columns that are not for them, in columns nobody knows, in paths,
//! in arguments, in contracting data. None is in anything that a run writes or says.

use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Output;

use crate::{kandeng, stderr, succeed};

/// The example of GB 11643-1999 itself, and digits alone that pass the same check.
const NUMBERS: [&str; 2] = ["11010519491231002X", "110101199003074514"];

/// What must never show: the digits without the check character.
const DIGITS: [&str; 2] = ["11010519491231002", "11010119900307451"];

/// Sheets as rows of cells, with the numbers in every wrong place.
fn sheets() -> Vec<(&'static str, Vec<Vec<String>>)> {
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    let [a, b] = NUMBERS;
    vec![
        (
            "projects",
            vec![
                row(&[
                    "project_code",
                    "name",
                    "owner_name",
                    "owner_uscc",
                    "contractor_uscc",
                    "village_code",
                    "boundary",
                    "households",
                    "scale",
                    "accepted_scale",
                    "contract_amount",
                    "contract_date",
                    "stage",
                    "身份证",
                    "备注",
                ]),
                row(&[
                    "99012720250001",
                    &format!("{a}家门口的路"),
                    &format!("甲局{b}"),
                    a,
                    b,
                    b,
                    a,
                    b,
                    b,
                    a,
                    b,
                    a,
                    "building",
                    a,
                    &format!("联系人 110101 19900307 4514,{a}"),
                ]),
                row(&[b, "桥", b, b, a, a, b, a, "100", a, a, b, "building", b, a]),
            ],
        ),
        (
            "payments",
            vec![
                row(&[
                    "project_code",
                    "date",
                    "amount",
                    "payee_name",
                    "payee_uscc",
                    "purpose",
                    "voucher",
                    "经办人",
                ]),
                row(&[
                    "99012720250001",
                    "2025-03-01",
                    "100",
                    &format!("张三{a}"),
                    a,
                    &format!("代领{b}"),
                    a,
                    a,
                ]),
                row(&["99012720250001", "2025-03-01", "100", "李四", b, b, a, b]),
                row(&[a, b, a, b, a, b, b, b]),
            ],
        ),
        (
            "progress",
            vec![
                row(&["project_code", "date", "percent", "note"]),
                row(&["99012720250001", "2025-03-01", "50", &format!("{a}在场")]),
                row(&["99012720250001", a, b, b]),
                row(&["99012720250001", "2025-04-01", b, ""]),
                row(&["99012720250001", "2025-05-01", a, ""]),
            ],
        ),
        (
            NUMBERS[1],
            vec![row(&["project_code", a]), row(&["99012720250001", b])],
        ),
    ]
}

fn write_csv(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, rows) in sheets() {
        let quoted = |row: &Vec<String>| -> String {
            let cells: Vec<_> = row.iter().map(|cell| format!("\"{cell}\"")).collect();
            cells.join(",")
        };
        let lines: Vec<_> = rows.iter().map(quoted).collect();
        std::fs::write(folder.join(format!("{name}.csv")), lines.join("\n") + "\n").unwrap();
    }
}

fn write_xlsx(path: &Path) {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in sheets() {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, cells) in (0..).zip(&rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save(path).unwrap();
}

/// Bytes, and of a workbook what its parts unpack to.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut all = bytes.to_vec();
    if bytes.starts_with(b"PK") {
        let mut package = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for number in 0..package.len() {
            package
                .by_index(number)
                .unwrap()
                .read_to_end(&mut all)
                .unwrap();
        }
    }
    all
}

fn assert_none(name: &str, bytes: &[u8]) {
    let all = unpacked(bytes);
    for digits in DIGITS {
        let place = all
            .windows(digits.len())
            .position(|part| part == digits.as_bytes());
        let around = place.map(|place| {
            let range = place.saturating_sub(60)..(place + 40).min(all.len());
            String::from_utf8_lossy(&all[range]).into_owned()
        });
        assert_eq!(around, None, "in {name}");
    }
}

fn assert_none_told(name: &str, output: &Output) {
    assert_none(&format!("stdout of {name}"), &output.stdout);
    assert_none(&format!("stderr of {name}"), &output.stderr);
}

/// Screens in every form and both languages; nothing that is written or said may hold a number.
fn screen_in_every_form(folder: &Path, input: &str, extra: &[&str]) {
    for language in ["zh", "en"] {
        for format in ["table", "json", "csv", "parquet", "xlsx"] {
            let name = format!("flags.{format}");
            let args = [
                &[
                    "screen",
                    input,
                    "--as-of",
                    "2026-06-30",
                    "--lang",
                    language,
                    "--format",
                    format,
                    "-o",
                    &name,
                ][..],
                extra,
            ]
            .concat();
            let output = kandeng(folder, &args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_none_told(&name, &output);
            assert_none(&name, &std::fs::read(folder.join(&name)).unwrap());
        }
    }
}

#[test]
fn sheets_of_text_with_numbers_in_wrong_and_unknown_columns() {
    let folder = tempfile::tempdir().unwrap();
    write_csv(&folder.path().join("small"));
    screen_in_every_form(folder.path(), "small", &["--audience", "officer"]);
    // The new red workbook holds the sheets as they were read.
    assert_none(
        "red workbook",
        &std::fs::read(folder.path().join("small.flags.xlsx")).unwrap(),
    );
}

#[test]
fn a_workbook_with_numbers_in_wrong_and_unknown_columns() {
    let folder = tempfile::tempdir().unwrap();
    write_xlsx(&folder.path().join("small.xlsx"));
    screen_in_every_form(
        folder.path(),
        "small.xlsx",
        &["--audience", "officer", "--hide-numbers"],
    );
    assert_none(
        "red workbook",
        &std::fs::read(folder.path().join("small.flags.xlsx")).unwrap(),
    );
}

#[test]
fn the_marked_copy_of_a_workbook_holds_a_number_only_where_the_clerk_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    write_xlsx(&folder.path().join("small.xlsx"));
    succeed(
        folder.path(),
        &[
            "screen",
            "small.xlsx",
            "--as-of",
            "2026-06-30",
            "--audience",
            "officer",
        ],
    );
    let parts = |name: &str| {
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let mut package = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut parts = Vec::new();
        for number in 0..package.len() {
            let mut part = package.by_index(number).unwrap();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            parts.push((part.name().unwrap().into_owned(), bytes));
        }
        parts
    };
    let original = parts("small.xlsx");
    for (name, bytes) in parts("small.flags.xlsx") {
        let was_there = original.iter().any(|(known, _)| *known == name);
        // What the clerk wrote: texts of cells, names of sheets, and those again among the document's properties.
        let parts = [
            "xl/sharedStrings.xml",
            "xl/workbook.xml",
            "docProps/app.xml",
        ];
        let is_the_clerks = was_there && parts.contains(&name.as_str());
        if !is_the_clerks {
            assert_none(&name, &bytes);
        }
    }
}

#[test]
fn paths_and_arguments_that_hold_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = NUMBERS;
    let input = format!("张三{a}/{b}");
    write_csv(&folder.path().join(&input));
    screen_in_every_form(folder.path(), &input, &[]);
    let missing = format!("{input}.xlsx");
    let set = format!("K32.tolerance={b}x");
    let account = "6222020200112233445";
    let set_account = format!("K32.{account}");
    let output_path = format!("no/{a}/flags.csv");
    for language in ["zh", "en"] {
        for args in [
            &["screen", &missing][..],
            &["screen", &input, "--registers", &missing],
            &["screen", &input, "--photos", &missing],
            &["screen", &input, "--rules", &missing],
            &["screen", &input, "--filing", &missing],
            &["screen", &input, "--key", &missing],
            &["screen", &input, "--encoding", a],
            &["screen", &input, "--datum", a],
            &["screen", &input, "--only", a],
            &["screen", &input, "--set", &set],
            &["screen", &input, "--set", &set_account],
            &["screen", &input, "--set", account],
            &["screen", &input, "--as-of", a],
            &["screen", &input, "--format", a],
            &["screen", &input, "--format", "csv", "-o", &output_path],
            &["rules", "show", a],
            &["rules", "docs", "--rules", &missing],
            &["template", "-o", &output_path],
            &["synth", "--projects", a, "-o", "x"],
            &["synth", "--projects", "50", "-o", a],
            &[a],
        ] {
            let output = kandeng(folder.path(), &[args, &["--lang", language]].concat());
            assert_none_told(&format!("{args:?}"), &output);
            let told = stderr(&output);
            assert!(
                !told.contains(account) && !told.contains("panicked"),
                "{told}"
            );
        }
    }
}

#[test]
fn contracting_data_with_numbers_of_people() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = NUMBERS;
    let bid = |id: &str, person: &str, amount: u32| {
        format!(
            r#"{{"id":"{id}","status":"valid","date":"2024-03-01T00:00:00Z","tenderers":[{{"id":"CN-{person}","name":"张三{person}"}}],"value":{{"amount":{amount},"currency":"CNY"}}}}"#
        )
    };
    let release = |ocid: &str, bids: &str, winner: &str| {
        format!(
            r#"{{"ocid":"{ocid}","id":"1","date":"2024-01-01T00:00:00Z","tag":["compiled"],"buyer":{{"id":"{b}","name":"{b}"}},"tender":{{"id":"t","procurementMethod":"open","tenderPeriod":{{"startDate":"2024-01-01T00:00:00Z","endDate":"2024-01-03T00:00:00Z"}},"{a}":1}},"bids":{{"details":[{bids}]}},"awards":[{{"id":"a","status":"active","suppliers":[{{"id":"CN-{winner}","name":"{winner}"}}],"value":{{"amount":"{a}","currency":"CNY"}},"date":"{b}"}}]}}"#
        )
    };
    let lines = [
        release(&format!("ocds-{a}"), &bid("1", a, 100), a),
        release(
            "ocds-2",
            &format!("{},{}", bid("1", a, 100), bid("2", b, 100)),
            b,
        ),
        format!("{{\"ocid\":\"{b}\", broken {a}"),
    ];
    std::fs::write(folder.path().join("data.jsonl"), lines.join("\n")).unwrap();
    screen_in_every_form(folder.path(), "data.jsonl", &[]);
    let shown = succeed(folder.path(), &["screen", "data.jsonl", "--format", "json"]);
    let result = crate::json(&shown);
    crate::schema::check_schema(&result);
    let subjects: std::collections::BTreeSet<_> = result["flags"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|flag| flag["subject_kind"] == "tenderer")
        .map(|flag| flag["subject"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        subjects.len() >= 2,
        "two people are two people: {subjects:?}"
    );
    // Nor can a number be found again from a fingerprint, by whoever lacks the key.
    let fingerprints = |key: &str| {
        let args = ["screen", "data.jsonl", "--format", "json", "--key", key];
        let result = crate::json(&succeed(folder.path(), &args));
        let flags = result["flags"].as_array().unwrap().clone();
        let of_people = flags.into_iter();
        let of_people = of_people.filter(|flag| flag["subject_kind"] == "tenderer");
        of_people
            .map(|flag| flag["fingerprint"].as_str().unwrap().to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(fingerprints("one.key"), fingerprints("one.key"));
    assert!(fingerprints("one.key").is_disjoint(&fingerprints("other.key")));
}
