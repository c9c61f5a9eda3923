//! What is wrong with an input or the arguments is said clearly, in both languages, with status 2.

use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::{county, json, kandeng, refused, stderr, succeed};

/// The same refusal in Chinese and in English, each with the name of the input.
fn refused_in_both(folder: &Path, input: &str, zh: &str, en: &str) {
    for (language, error, words) in [("zh", "错误:", zh), ("en", "error: ", en)] {
        refused(
            folder,
            &["screen", input, "--format", "json", "--lang", language],
            &[error, input, words],
        );
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn an_input_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    refused_in_both(folder.path(), "missing.xlsx", "找不到", "does not exist");
}

#[test]
fn a_folder_of_photos_registers_or_rules_that_is_not_there_is_named_whatever_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let one = "项目编码,项目名称\n990121202300012,甲\n";
    write(folder.path(), "small/projects.csv", one.as_bytes());
    write(folder.path(), "file", b"x");
    write(folder.path(), "empty.json", b"{\"releases\":[]}");
    for input in ["small", "empty.json"] {
        for option in ["--photos", "--registers", "--rules"] {
            let run = |path, language, words| {
                let args = [
                    "screen", input, option, path, "--format", "json", "--lang", language,
                ];
                refused(folder.path(), &args, &[path, words]);
            };
            run("nowhere", "zh", "没有这个文件或文件夹");
            run("nowhere", "en", "there is no such file or folder");
            if option != "--registers" {
                run("file", "zh", "不是文件夹");
                run("file", "en", "is no folder");
            }
        }
    }
}

#[test]
fn a_currency_is_refused_where_all_amounts_are_yuan() {
    let folder = tempfile::tempdir().unwrap();
    let one = "项目编码,项目名称\n990121202300012,甲\n";
    write(folder.path(), "small/projects.csv", one.as_bytes());
    for (language, words) in [("zh", "都是人民币元"), ("en", "all in yuan")] {
        let args = ["screen", "small", "--currency", "USD", "--lang", language];
        refused(folder.path(), &args, &["--currency", words]);
    }
}

#[test]
fn what_is_looked_up_in_filings_is_refused_beside_contracting_data() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "empty.json", b"{\"releases\":[]}");
    std::fs::create_dir(folder.path().join("there")).unwrap();
    for option in ["--registers", "--photos", "--datum", "--filing"] {
        for (language, words) in [
            ("zh", "只用于县级填报数据"),
            ("en", "for a county's filings only"),
        ] {
            let args = ["screen", "empty.json", option, "there", "--lang", language];
            refused(folder.path(), &args, &[option, words]);
        }
    }
}

#[test]
fn a_gzipped_workbook_is_called_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // "PK\x03\x04 and so on", packed.
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x0b\xf0\x66\x66\x51\x48\xcc\x4b\x51\x28\xce\x57\xc8\xcf\x03\x00\xc3\x74\xd7\x7f\x0e\x00\x00\x00";
    write(folder.path(), "county.xlsx.gz", packed);
    for (language, words) in [("zh", "请先解压"), ("en", "unpack it")] {
        let args = ["screen", "county.xlsx.gz", "--lang", language];
        refused(folder.path(), &args, &["county.xlsx.gz", words]);
    }
}

#[test]
fn formulas_without_a_stored_result_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name("项目").unwrap();
    // A program that does not calculate writes the formula and nothing besides.
    let unanswered = rust_xlsxwriter::Formula::new("=1+1");
    sheet.write_row(0, 0, ["项目编码", "项目名称"]).unwrap();
    sheet.write(1, 0, "990121202300012").unwrap();
    sheet.write_formula(1, 1, unanswered).unwrap();
    let whole = book.save_to_buffer().unwrap();
    let mut whole = zip::ZipArchive::new(std::io::Cursor::new(whole)).unwrap();
    let file = std::fs::File::create(folder.path().join("small.xlsx")).unwrap();
    let mut small = zip::ZipWriter::new(file);
    for index in 0..whole.len() {
        let mut part = whole.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut xml = String::new();
        part.read_to_string(&mut xml).unwrap();
        let options = zip::write::SimpleFileOptions::default();
        small.start_file(name, options).unwrap();
        let xml = match xml.split_once("</f>") {
            Some((before, after)) => {
                let (_, after) = after.split_once("</c>").unwrap();
                format!("{before}</f><v></v></c>{after}")
            }
            None => xml,
        };
        small.write_all(xml.as_bytes()).unwrap();
    }
    small.finish().unwrap();
    for (language, words) in [
        ("zh", "有 1 个公式没有保存计算结果"),
        ("en", "1 formulas have no stored result"),
    ] {
        let args = [
            "screen",
            "small.xlsx",
            "--lang",
            language,
            "--as-of",
            "2026-06-30",
        ];
        let run = kandeng(folder.path(), &args);
        assert!(stderr(&run).contains(words), "{}", stderr(&run));
        assert!(run.status.success());
    }
}

#[test]
fn an_input_named_twice_is_refused_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "empty.json", b"{\"releases\":[]}");
    for again in ["empty.json", "./empty.json"] {
        let args = |language| ["screen", "empty.json", again, "--lang", language];
        refused(folder.path(), &args("zh"), &[again, "写了两次"]);
        refused(folder.path(), &args("en"), &[again, "named twice"]);
    }
}

#[test]
fn an_input_without_rows_says_so_and_names_no_table_of_our_own() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "项目编码,项目名称\n".as_bytes(),
    );
    write(folder.path(), "empty.json", b"{\"releases\":[]}");
    for input in ["small", "empty.json"] {
        let said = |language| {
            let output = succeed(folder.path(), &["screen", input, "--lang", language]);
            crate::stdout(&output)
        };
        assert!(said("zh").contains("没有数据行"), "{}", said("zh"));
        assert!(said("en").contains("no rows"), "{}", said("en"));
        assert!(!said("en").contains("allowed_units"), "{}", said("en"));
    }
}

#[test]
fn an_empty_file_is_called_empty_whatever_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["empty.xlsx", "empty.json", "small/projects.csv"] {
        write(folder.path(), name, b"");
        let input = name.split('/').next().unwrap();
        refused_in_both(folder.path(), input, "空", "empty");
    }
}

#[test]
fn a_workbook_with_a_password_is_refused_with_that_reason() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../supervise/tests/fixtures/import/password.xlsx");
    std::fs::copy(fixture, folder.path().join("locked.xlsx")).unwrap();
    refused_in_both(folder.path(), "locked.xlsx", "密码", "password");
}

#[test]
fn a_workbook_cut_off_halfway_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let bytes = std::fs::read(folder.path().join("county/county.xlsx")).unwrap();
    write(folder.path(), "cut.xlsx", &bytes[..bytes.len() / 2]);
    refused_in_both(folder.path(), "cut.xlsx", "无法", "cannot be read");
}

#[test]
fn a_file_or_folder_of_another_kind_is_refused_with_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "notes.txt", b"hello");
    write(folder.path(), "pictures/a.bmp", b"hello");
    for name in ["notes.txt", "pictures"] {
        refused_in_both(
            folder.path(),
            name,
            ".xlsx、.xls、.ods",
            ".xlsx, .xls, .ods",
        );
    }
}

#[test]
fn a_filing_without_its_sheet_of_projects_is_refused_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let payments = b"project_code,date,amount\n99012720250001,2025-01-01,5\n";
    write(folder.path(), "small/payments.csv", payments);
    refused_in_both(folder.path(), "small", "已有:payments", "found: payments");
}

#[test]
fn a_sheet_of_projects_without_codes_is_refused_with_the_column() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "name,kind\n路,industry\n".as_bytes(),
    );
    refused_in_both(folder.path(), "small", "project_code", "project_code");
}

#[test]
fn inputs_of_different_kinds_are_not_screened_together() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    write(folder.path(), "data.json", b"{}");
    refused(
        folder.path(),
        &["screen", "county/county.xlsx", "data.json", "--lang", "en"],
        &["county.xlsx", "data.json", "different kinds"],
    );
}

#[test]
fn a_bad_cell_is_told_with_its_place_and_the_rest_is_screened() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "project_code,name,contract_amount,contract_date\n\
         99012720250001,路,六十万左右,2025-02-30\n99012720250002,桥,600000,2025-02-28\n"
            .as_bytes(),
    );
    for (language, row) in [("zh", "第 2 行"), ("en", "row 2")] {
        let args = ["screen", "small", "--format", "json", "--lang", language];
        let output = succeed(folder.path(), &args);
        let told = stderr(&output);
        for value in ["六十万左右", "2025-02-30"] {
            let line = told.lines().find(|line| line.contains(value));
            let line = line.unwrap_or_else(|| panic!("{value} is not told: {told}"));
            assert!(line.contains("projects") && line.contains(row), "{line}");
        }
        assert_eq!(json(&output)["run"]["rows"]["projects"], 2);
    }
}

#[test]
fn a_second_project_with_the_same_code_is_told_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "project_code,name\n99012720250001,路\n99012720250001,桥\n".as_bytes(),
    );
    let args = ["screen", "small", "--format", "json", "--lang", "en"];
    let output = succeed(folder.path(), &args);
    assert!(stderr(&output).contains("row 3"), "{}", stderr(&output));
    assert_eq!(json(&output)["run"]["rows"]["projects"], 1);
}

/// The header of a picture of 20,000 × 10,001 pixels, and nothing behind it.
fn png_of_200_megapixels() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(20_000_u32.to_be_bytes());
    bytes.extend(10_001_u32.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn photos_that_cannot_be_read_are_told_with_their_row_and_the_rest_is_screened() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "project_code,name\n99012720250001,路\n".as_bytes(),
    );
    write(
        folder.path(),
        "small/photos.csv",
        b"project_code,stage,file\n99012720250001,during,no.jpg\n99012720250001,during,huge.png\n",
    );
    write(folder.path(), "photos/no.jpg", "这不是照片".as_bytes());
    write(folder.path(), "photos/huge.png", &png_of_200_megapixels());
    for (language, rows) in [("zh", ["第 2 行", "第 3 行"]), ("en", ["row 2", "row 3"])] {
        let args = [
            "screen", "small", "--photos", "photos", "--format", "json", "--lang", language,
        ];
        let output = succeed(folder.path(), &args);
        let told = stderr(&output);
        for (name, row) in ["no.jpg", "huge.png"].iter().zip(rows) {
            let line = told.lines().find(|line| line.contains(name));
            let line = line.unwrap_or_else(|| panic!("{name} is not told: {told}"));
            assert!(line.contains(row), "{line}");
        }
        assert_eq!(json(&output)["run"]["rows"]["photos"], 2);
    }
}

#[test]
fn arguments_that_are_wrong_end_with_status_2() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let input = "county/county.xlsx";
    for args in [
        &["screen"][..],
        &["frobnicate"],
        &["screen", input, "--as-of", "yesterday"],
        &["screen", input, "--format", "pdf"],
        &["screen", input, "--lang", "fr"],
        &["screen", input, "--datum", "nowhere"],
        &["screen", input, "--registers", "nowhere"],
        &["screen", input, "--rules", "nowhere"],
        &["screen", input, "--filing", "nowhere.toml"],
        &["screen", input, "--memory", "0"],
        &["screen", input, "--time-limit", "0"],
        &["synth", "--projects", "3", "-o", "x"],
        &[
            "synth",
            "--payments",
            "18446744073709551615",
            "--format",
            "csv",
            "-o",
            "x",
        ],
        &[
            "synth",
            "--kind",
            "ocds",
            "--releases",
            "18446744073709551615",
            "-o",
            "x",
        ],
        &["template", "-o", "no/such/folder/template.xlsx"],
    ] {
        refused(folder.path(), args, &[]);
    }
}

#[test]
fn an_encoding_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        b"project_code\n99012720250001\n",
    );
    write(folder.path(), "data.json", b"{}");
    for input in ["small", "data.json"] {
        let args = ["screen", input, "--encoding", "klingon"];
        refused(folder.path(), &args, &["klingon"]);
    }
}

#[test]
fn the_language_is_that_of_the_locale_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (locale, args, word) in [
        ("en_GB.UTF-8", &["screen", "x.xlsx"][..], "error: "),
        ("zh_CN.UTF-8", &["screen", "x.xlsx"], "错误:"),
        ("C.UTF-8", &["screen", "x.xlsx"], "错误:"),
        (
            "en_GB.UTF-8",
            &["screen", "x.xlsx", "--lang", "zh"],
            "错误:",
        ),
    ] {
        let mut command = crate::program(folder.path(), args);
        let output = command.env("LANG", locale).output().unwrap();
        assert!(
            stderr(&output).starts_with(word),
            "{locale}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn the_untouched_template_is_read_as_a_filing_without_projects() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["zh", "en"] {
        let name = format!("template.{language}.xlsx");
        succeed(
            folder.path(),
            &["template", "-o", &name, "--lang", language],
        );
        let args = ["screen", &name, "--format", "json", "--audience", "officer"];
        let result = json(&succeed(folder.path(), &args));
        crate::schema::check_schema(&result);
        assert_eq!(result["flags"], serde_json::json!([]));
        assert_eq!(result["failures"], serde_json::json!([]));
        assert!(result["run"]["rows"]["projects"].as_u64().unwrap_or(0) == 0);
    }
}

#[test]
fn a_template_and_its_instructions_are_written_where_no_name_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let output = kandeng(folder.path(), &["template", "--lang", "en"]);
    assert!(crate::stdout(&output).contains("kandeng-template.xlsx"));
    let bytes = std::fs::read(folder.path().join("kandeng-template.xlsx")).unwrap();
    assert!(bytes.starts_with(b"PK"));
}

#[test]
fn a_template_that_was_filled_in_is_not_replaced_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "filing.xlsx", b"a day's work");
    for (language, words) in [("zh", "已有同名的文件"), ("en", "is there already")] {
        let args = ["template", "-o", "filing.xlsx", "--lang", language];
        refused(folder.path(), &args, &["filing.xlsx", words]);
    }
    let kept = std::fs::read(folder.path().join("filing.xlsx")).unwrap();
    assert_eq!(kept, b"a day's work");
    assert_eq!(crate::files(folder.path()), ["filing.xlsx"]);
}

#[test]
fn fictional_data_replace_nobodys_files_but_earlier_fictional_data() {
    let folder = tempfile::tempdir().unwrap();
    let county = ["synth", "--projects", "50", "-o", "county"];
    let ocds = ["synth", "--kind", "ocds", "--releases", "5", "-o", "ocds"];
    for (args, name) in [
        (&county[..], "county/county.xlsx"),
        (&county, "county/identity.key"),
        (&ocds, "ocds/releases.jsonl"),
    ] {
        write(folder.path(), name, b"mine");
        for (language, words) in [("zh", "不是模拟数据"), ("en", "no fictional data")] {
            refused(
                folder.path(),
                &[args, &["--lang", language]].concat(),
                &[name, words],
            );
        }
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"mine");
        let place = Path::new(name).parent().unwrap();
        assert_eq!(crate::files(&folder.path().join(place)).len(), 1);
        std::fs::remove_dir_all(folder.path().join(place)).unwrap();
        for _ in 0..2 {
            succeed(folder.path(), args);
        }
        std::fs::remove_dir_all(folder.path().join(place)).unwrap();
    }
}

#[test]
fn rules_named_in_a_list_may_have_spaces_and_none_may_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        b"project_code,name\n99012720250001,x\n",
    );
    let args = ["screen", "small", "--format", "json", "--only", "q01, Q02"];
    let result = json(&succeed(folder.path(), &args));
    assert_eq!(result["rules"].as_array().unwrap().len(), 2);
    for (language, words) in [("zh", "空的规则编号"), ("en", "without an id")] {
        let args = ["screen", "small", "--only", "Q01,", "--lang", language];
        refused(folder.path(), &args, &["--only", words]);
    }
}

#[test]
fn a_rule_that_fails_by_what_it_shares_is_named_itself() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let args = [
        "screen",
        "county/county.xlsx",
        "--audience",
        "officer",
        "--only",
        "K03",
        "--memory",
        "1",
        "--format",
        "json",
        "--lang",
        "en",
    ];
    let output = kandeng(folder.path(), &args);
    let failures = json(&output)["failures"].clone();
    assert!(!failures.as_array().unwrap().is_empty());
    for failure in failures.as_array().unwrap() {
        let id = failure["id"].as_str().unwrap();
        let told = stderr(&output);
        assert!(
            told.lines().any(|line| line.contains(id)),
            "{id} is not named: {told}"
        );
    }
}

#[test]
fn one_csv_file_by_itself_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "payments.csv",
        b"project_code,amount\n99012720250001,5\n",
    );
    refused_in_both(
        folder.path(),
        "payments.csv",
        "payments.csv:没有",
        "payments.csv: no sheet",
    );
}

#[test]
fn a_file_named_as_a_workbook_that_is_none_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    // Web pages under that name are what some systems export.
    write(folder.path(), "export.xls", b"<html><table></table></html>");
    write(
        folder.path(),
        "empty.xlsx",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    for name in ["export.xls", "empty.xlsx"] {
        refused_in_both(folder.path(), name, "内容却不是", "not a workbook");
    }
}

#[test]
fn what_would_work_on_a_terminal_is_not_printed_there() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "small/projects.csv",
        "project_code,name,\u{1b}[31mcolumn,households\n9901\u{1b}[2J,\u{1b}]0;title\u{7},1,\u{1b}[1mmany\n"
            .as_bytes(),
    );
    let release = r#"{"ocid":"ocds-\u001b[2J\u202e1","id":"1","date":"2024-01-01T00:00:00Z","tag":["compiled"],"tender":{"id":"t","procurementMethod":"open","numberOfTenderers":1}}"#;
    write(folder.path(), "data.jsonl", release.as_bytes());
    write(folder.path(), "\u{1b}[2J.xlsx", b"x");
    for input in ["small", "data.jsonl", "\u{1b}[2J.xlsx"] {
        let output = kandeng(folder.path(), &["screen", input]);
        for text in [crate::stdout(&output), stderr(&output)] {
            let harms = text
                .chars()
                .find(|letter| (letter.is_control() && *letter != '\n') || *letter == '\u{202e}');
            assert_eq!(harms, None, "{text:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_as_input_is_told_so_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    refused_in_both(folder.path(), "pipe", "管道或设备", "a pipe or a device");
}
