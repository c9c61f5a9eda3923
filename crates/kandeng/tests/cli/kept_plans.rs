//! Plans kept between runs: the same results, nothing in the way of anything.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::{json, program, stderr};

const ROWS: &str = r#"{"ocid":"ocds-1","id":"1","date":"2024-01-01T00:00:00Z","tag":["compiled"],"tender":{"id":"t","procurementMethod":"open","numberOfTenderers":1}}"#;

fn screen(folder: &Path, cache: &str) -> Output {
    let output = program(folder, &["screen", "data.jsonl", "--format", "json"])
        .env("KANDENG_CACHE", cache)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

fn flags(output: &Output) -> String {
    let result = json(output);
    assert_eq!(result["flags"][0]["rule"], "R018");
    result["flags"].to_string()
}

fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_second_run_takes_the_plans_of_the_first_and_mends_what_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.jsonl"), ROWS).unwrap();
    let first = flags(&screen(folder.path(), "plans"));
    let plans = folder.path().join("plans");
    let files = kept(&plans);
    assert_eq!(files.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&plans), mode(&files[0])), (0o700, 0o600));
    }
    let whole = std::fs::read(&files[0]).unwrap();
    assert_eq!(flags(&screen(folder.path(), "plans")), first);
    assert_eq!(kept(&plans), files);
    // Cut off half way, it is no use, and is written anew.
    std::fs::write(&files[0], &whole[..whole.len() / 2]).unwrap();
    assert_eq!(flags(&screen(folder.path(), "plans")), first);
    // Statements are planned side by side, and number what they share as their turn comes: the plans are
    // as good, and seldom the same to the byte.
    let mended = std::fs::read(&files[0]).unwrap();
    assert!(mended.len() > whole.len() * 9 / 10, "{}", mended.len());
    assert_eq!(flags(&screen(folder.path(), "plans")), first);
    assert_eq!(std::fs::read(&files[0]).unwrap(), mended);
}

#[test]
fn where_plans_cannot_be_kept_the_run_goes_on_and_says_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.jsonl"), ROWS).unwrap();
    let first = flags(&screen(folder.path(), ""));
    assert_eq!(kept(folder.path()), [folder.path().join("data.jsonl")]);
    // A file stands where the folder should be.
    std::fs::write(folder.path().join("taken"), "").unwrap();
    let output = screen(folder.path(), "taken/plans");
    assert_eq!(stderr(&output), stderr(&screen(folder.path(), "")));
    assert_eq!(flags(&output), first);
}

#[test]
fn the_oldest_plans_make_room() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.jsonl"), ROWS).unwrap();
    let plans = folder.path().join("plans");
    std::fs::create_dir(&plans).unwrap();
    for number in 0..40 {
        let path = plans.join(format!("{number}.plans"));
        let file = std::fs::File::create(path).unwrap();
        let age = std::time::Duration::from_secs(1_000 * (number + 1));
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    std::fs::write(plans.join("notes.txt"), "mine").unwrap();
    screen(folder.path(), "plans");
    let left = kept(&plans);
    assert_eq!(left.len(), 33, "{left:?}");
    assert!(plans.join("notes.txt").exists() && plans.join("0.plans").exists());
    assert!(!plans.join("39.plans").exists());
}
