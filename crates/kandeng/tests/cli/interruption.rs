//! Ctrl-C: the run stops soon, says so, and leaves nothing behind.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{ENDLESS, county, files, own_rule, program, stderr};

#[test]
fn ctrl_c_stops_a_rule_that_would_never_end_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path());
    own_rule(folder.path(), "Q91", ENDLESS);
    let before = files(&folder.path().join("county"));
    let args = [
        "screen",
        "county/county.xlsx",
        "--rules",
        "own",
        "--time-limit",
        "600",
        "--lang",
        "en",
        "--format",
        "csv",
        "-o",
        "county/flags.csv",
    ];
    let mut child = program(folder.path(), &args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The key is made after the program has begun to listen, and before anything is read.
    let key = folder.path().join(".config/kandeng/identity.key");
    let start = Instant::now();
    while !key.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "it did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let asked = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if asked.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it did not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("stopped"), "{}", stderr(&output));
    assert_eq!(files(&folder.path().join("county")), before);
}

/// Ctrl-C to a demonstration that is still being made, as a terminal sends it: to it and to whatever it started.
#[test]
fn ctrl_c_stops_a_demonstration_that_is_being_made_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(
        folder.path(),
        &["demo", "--projects", "3200", "--port", "0"],
    );
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let made = || {
        let all = std::fs::read_dir(folder.path()).unwrap();
        let mut all = all.map(|one| one.unwrap().path());
        all.find(|one| one.to_string_lossy().contains("kandeng-demo-"))
    };
    let start = Instant::now();
    while !made().is_some_and(|made| made.join("node/kandeng.db").is_file()) {
        assert!(start.elapsed() < Duration::from_mins(1), "it did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    let told = Command::new("kill").args(["-INT", "--", &group]).status();
    assert!(told.unwrap().success());
    let asked = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if asked.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it did not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(made(), None);
}

#[test]
fn a_demonstration_takes_no_folder_that_holds_something_of_somebody() {
    for name in ["node", "county", "accounts.json", "pages.txt"] {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(name);
        if name.contains('.') {
            std::fs::write(&own, "mine").unwrap();
        } else {
            std::fs::create_dir(&own).unwrap();
            std::fs::write(own.join("mine.txt"), "mine").unwrap();
        }
        let before = files(folder.path());
        let args = [
            "--lang",
            "en",
            "demo",
            "--projects",
            "50",
            "--port",
            "0",
            "--dir",
            ".",
        ];
        let output = program(folder.path(), &args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            stderr(&output).contains(name) && stderr(&output).contains("--dir"),
            "{}",
            stderr(&output)
        );
        assert_eq!(files(folder.path()), before);
    }
}
