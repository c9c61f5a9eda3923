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
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it did not start"
        );
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
