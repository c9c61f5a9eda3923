//! A disk that is full: one clear sentence with the file and what to do, nothing half-written, what was there stays.
//!
//! A full file system cannot be made without the rights to mount one. Two things every Unix has come close: a limit
//! on the size of files, which fails the same writes halfway, and on Linux `/dev/full` behind standard output.
#![cfg(unix)]

use std::path::Path;
use std::process::Output;

use crate::{county, program, stderr, succeed};

/// The program under a limit that lets no file grow beyond a kilobyte.
fn with_small_files(folder: &Path, args: &[&str]) -> Output {
    let inner = program(folder, args);
    let mut shell = std::process::Command::new("sh");
    // The signal that goes with the limit would end the process; ignored, the write fails as on a full disk.
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(folder);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap()
}

/// Every file below a folder with its bytes, but for the plans that a run keeps.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![folder.to_owned()];
    let mut all = Vec::new();
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".cache") {
                continue;
            }
            if path.is_dir() {
                folders.push(path.clone());
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            all.push((path.display().to_string(), bytes));
        }
    }
    all.sort();
    all
}

/// Fails for want of room, in both languages, and leaves the folder as it was.
fn fails_cleanly(folder: &Path, args: &[&str], named: &str) {
    let before = everything(folder);
    for (language, unwritten, advice) in [
        ("zh", "无法写入", "请放宽限制"),
        ("en", "cannot be written", "write to another disk"),
    ] {
        let output = with_small_files(folder, &[args, &["--lang", language]].concat());
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        let line = told.lines().last().unwrap_or_default();
        for word in [named, unwritten, advice] {
            assert!(line.contains(word), "{args:?}: no {word:?} in {line:?}");
        }
        for word in [
            "os error",
            "panicked",
            "Error",
            ".kandeng-",
            "system says",
            "系统报告",
        ] {
            assert!(!told.contains(word), "{args:?}: {word:?} in {told}");
        }
        if language == "zh" {
            assert!(!line.contains("cannot"), "{line}");
        }
        assert!(
            everything(folder) == before,
            "{args:?} left something behind or changed it"
        );
    }
}

#[test]
fn results_in_every_form_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    succeed(folder.path(), &["screen", "county/county.xlsx"]);
    for format in ["table", "json", "csv", "parquet", "xlsx"] {
        // What an earlier run left under this name must still be there.
        std::fs::write(folder.path().join(format!("flags.{format}")), "earlier").unwrap();
    }
    for format in ["json", "csv", "parquet", "xlsx"] {
        let name = format!("flags.{format}");
        let args = [
            "screen",
            "county/county.xlsx",
            "--format",
            format,
            "-o",
            &name,
        ];
        fails_cleanly(folder.path(), &args, &name);
    }
}

#[test]
fn the_red_workbook_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    // With the key that lies there: one made now would be something new.
    let args = [
        "screen",
        "county/county.xlsx",
        "--key",
        "county/identity.key",
    ];
    fails_cleanly(folder.path(), &args, "county/county.flags.xlsx");
    let args = [
        "synth",
        "--projects",
        "50",
        "--format",
        "csv",
        "-o",
        "sheets",
    ];
    succeed(folder.path(), &args);
    let args = ["screen", "sheets", "--key", "sheets/identity.key"];
    fails_cleanly(folder.path(), &args, "sheets.flags.xlsx");
}

#[test]
fn a_summary_in_a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        &["synth", "--kind", "ocds", "--releases", "500", "-o", "data"],
    );
    let args = [
        "screen",
        "data/releases.jsonl",
        "--format",
        "table",
        "-o",
        "summary.txt",
    ];
    fails_cleanly(folder.path(), &args, "summary.txt");
}

#[test]
fn the_template_and_the_pages_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    fails_cleanly(
        folder.path(),
        &["template", "-o", "filing.xlsx"],
        "filing.xlsx",
    );
    // Folders for the pages are made first.
    std::fs::create_dir_all(folder.path().join("pages/zh")).unwrap();
    fails_cleanly(
        folder.path(),
        &["rules", "docs", "-o", "pages"],
        "pages/zh/",
    );
}

#[test]
fn fictional_data_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    for (format, named) in [("xlsx", "data/"), ("csv", "data/"), ("parquet", "data/")] {
        let args = [
            "synth",
            "--projects",
            "200",
            "--format",
            format,
            "-o",
            "data",
        ];
        fails_cleanly(folder.path(), &args, named);
    }
    let args = ["synth", "--kind", "ocds", "--releases", "500", "-o", "data"];
    fails_cleanly(folder.path(), &args, "data");
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_called_that_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    let commands: [&[&str]; 8] = [
        &["screen", "county/county.xlsx"],
        &["screen", "county/county.xlsx", "--format", "json"],
        &["screen", "county/county.xlsx", "--format", "csv"],
        &["rules", "list"],
        &["rules", "show", "K17"],
        &["rules", "test", "K17"],
        &["template", "-o", "filing.xlsx"],
        &["synth", "--projects", "50", "-o", "data"],
    ];
    for (language, words) in [
        ("zh", ["标准输出没有写完", "磁盘已满"]),
        ("en", ["standard output is cut off", "the disk is full"]),
    ] {
        for command in commands {
            // A template takes nothing's place.
            let _ = std::fs::remove_file(folder.path().join("filing.xlsx"));
            let full = std::fs::File::options()
                .write(true)
                .open("/dev/full")
                .unwrap();
            let args = [command, &["--lang", language]].concat();
            let output = program(folder.path(), &args).stdout(full).output().unwrap();
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
            for word in words {
                assert!(told.contains(word), "{args:?}: {told}");
            }
        }
    }
}

/// Nobody is left to be told, but the result is there and the exit status is right.
#[cfg(target_os = "linux")]
#[test]
fn standard_error_that_is_full_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    for (args, status) in [
        (
            &[
                "screen",
                "county/county.xlsx",
                "--format",
                "csv",
                "-o",
                "flags.csv",
            ][..],
            0,
        ),
        (&["screen", "nowhere.xlsx"], 2),
        (&["frobnicate"], 2),
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = program(folder.path(), args).stderr(full).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}");
    }
    assert!(folder.path().join("flags.csv").exists());
}
