//! The program as a person runs it: commands, results, exit statuses, messages in both languages.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod contracting;
mod county;
mod documents;
mod rules;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in `folder`, with a key of the folder's own.
pub fn kandeng(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kandeng"))
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join(".config"))
        .env("LANG", "C.UTF-8")
        .output()
        .unwrap()
}

/// The same, expected to succeed.
pub fn succeed(folder: &Path, args: &[&str]) -> Output {
    let output = kandeng(folder, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    output
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A fictional county of 200 projects as a workbook.
pub fn county(folder: &Path) {
    succeed(folder, &["synth", "--projects", "200", "-o", "county"]);
}
