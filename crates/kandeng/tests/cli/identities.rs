//! Numbers of people, accounts and telephones: none is in anything that a run writes.
//! The red workbook is compressed; that it holds none is tested where it is made.

use std::path::Path;

use crate::{kandeng, stderr};

const PERSON: &str = "110105199001011237";
const ACCOUNT: &str = "6222020200112233445";
const PHONE: &str = "13812345678";

/// Small sheets with a number in every column that is for one, and in some that are not.
fn filing(folder: &Path) {
    let input = folder.join("small");
    std::fs::create_dir(&input).unwrap();
    let write = |name: &str, text: String| std::fs::write(input.join(name), text).unwrap();
    write(
        "projects.csv",
        "project_code,name,kind,village_code,owner_name,contractor_name,contract_amount,stage\n\
         99012720250001,路,infrastructure,990127200001,甲局,乙建设,600000,building\n\
         99012720250001,路,infrastructure,990127200001,甲局,乙建设,600000,building\n"
            .into(),
    );
    write(
        "payments.csv",
        format!(
            "project_code,date,amount,payee_name,payee_id,account,voucher\n\
             99012720250001,2025-03-01,100,张三,{PERSON},{ACCOUNT},v1\n\
             99012720250001,2025-03-01,100,李四,{PERSON},{ACCOUNT},v1\n\
             99012720250001,{PERSON},{ACCOUNT},王五,{PERSON}x,{ACCOUNT},v2\n\
             {PERSON},2025-03-01,100,张三,{PERSON},{ACCOUNT},v3\n"
        ),
    );
    write(
        "panel.csv",
        format!(
            "project_code,role,body,member_id\n99012720250001,组长,镇政府,{PERSON}\n99012720250001,成员,县局,{PERSON}\n"
        ),
    );
    write("officials.csv", format!("id\n{PERSON}\n"));
    write("deceased.csv", format!("id,date\n{PERSON},2024-01-01\n"));
    write(
        "companies.csv",
        format!(
            "uscc,name,phone,legal_rep_id\n91990121MAMU6XKY2K,乙建设,{PHONE},{PERSON}\n91990121MA2J1ABJ69,丙建设,{PHONE},{PERSON}\n"
        ),
    );
}

fn holds(bytes: &[u8], number: &str) -> bool {
    bytes
        .windows(number.len())
        .any(|part| part == number.as_bytes())
}

#[test]
fn no_number_is_in_any_output_or_message() {
    let folder = tempfile::tempdir().unwrap();
    filing(folder.path());
    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for language in ["zh", "en"] {
        for format in ["table", "json", "csv", "parquet", "xlsx"] {
            let name = format!("flags.{format}");
            let base = [
                "screen",
                "small",
                "--audience",
                "officer",
                "--as-of",
                "2026-06-30",
                "--lang",
                language,
                "--format",
                format,
            ];
            let to_file = ["-o", name.as_str()];
            let is_binary = matches!(format, "parquet" | "xlsx");
            let extra: &[&str] = if is_binary { &to_file } else { &[] };
            let output = kandeng(folder.path(), &[&base[..], extra].concat());
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            if is_binary {
                let bytes = std::fs::read(folder.path().join(&name)).unwrap();
                written.push((name, bytes));
            }
            written.push((format!("stderr of {format}"), output.stderr));
            written.push((format!("stdout of {format}"), output.stdout));
        }
    }
    for (name, bytes) in &written {
        for number in [PERSON, ACCOUNT, PHONE] {
            assert!(!holds(bytes, number), "{number} is in {name}");
        }
    }
}

#[test]
fn a_value_in_the_wrong_column_is_told_without_the_number() {
    let folder = tempfile::tempdir().unwrap();
    filing(folder.path());
    let output = kandeng(
        folder.path(),
        &["screen", "small", "--format", "json", "--lang", "en"],
    );
    let told = stderr(&output);
    let line = told
        .lines()
        .find(|line| line.contains("payments") && line.contains("row 4"));
    assert!(line.is_some(), "{told}");
    assert!(!told.contains(PERSON) && !told.contains(ACCOUNT), "{told}");
}

#[test]
fn an_error_that_ends_the_run_holds_no_number_either() {
    let folder = tempfile::tempdir().unwrap();
    filing(folder.path());
    std::fs::write(
        folder.path().join("small/projects.csv"),
        format!("name,owner_name\n{PERSON},{ACCOUNT}\n"),
    )
    .unwrap();
    let output = kandeng(folder.path(), &["screen", "small", "--lang", "en"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(!told.contains(PERSON) && !told.contains(ACCOUNT), "{told}");
}

#[test]
fn the_key_is_for_its_owner_only_and_is_never_written_out() {
    let folder = tempfile::tempdir().unwrap();
    filing(folder.path());
    let output = kandeng(
        folder.path(),
        &["screen", "small", "--format", "json", "--key", "own.key"],
    );
    let key = std::fs::read_to_string(folder.path().join("own.key")).unwrap();
    assert!(!holds(&output.stdout, key.trim()) && !holds(&output.stderr, key.trim()));
    assert!(!folder.path().join(".config").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(folder.path().join("own.key")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
