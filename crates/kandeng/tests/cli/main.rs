//! The program as a person runs it: commands, results, exit statuses, messages in both languages.
//! Nothing here links the engine: every test runs the built binary. What a node holds is put there by the platform.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod contracting;
mod county;
mod demo_states;
mod documents;
mod full_disk;
mod identities;
mod identities_elsewhere;
mod interruption;
mod into;
mod kept_plans;
mod killed;
mod measured;
mod node_backup;
mod node_files;
mod node_folder;
mod node_full;
mod node_killed;
mod node_ledger;
mod node_notices;
mod node_postgres;
mod node_serve;
mod node_vault;
mod node_verify;
mod node_witness;
mod nodes;
mod outputs;
#[path = "../../../ledger/tests/support/postgres.rs"]
mod postgres;
mod rules;
mod schema;
mod serve;
mod serving;
#[path = "../../../server/tests/support/disk.rs"]
mod small_disk;
#[path = "../../../ledger/tests/support/http.rs"]
mod witness;

use std::path::Path;
use std::process::{Command, Output};

/// The program in `folder`, with a key and plans of the folder's own and no language from outside.
pub fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kandeng"));
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join(".config"))
        .env("KANDENG_CACHE", folder.join(".cache"))
        .env("LANG", "C.UTF-8");
    for name in ["LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANGUAGE"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end.
pub fn kandeng(folder: &Path, args: &[&str]) -> Output {
    program(folder, args).output().unwrap()
}

/// The same, expected to succeed.
pub fn succeed(folder: &Path, args: &[&str]) -> Output {
    let output = kandeng(folder, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    output
}

/// The same, expected to be refused with status 2, nothing on stdout and these words on stderr.
pub fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let output = kandeng(folder, args);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
    assert!(output.stdout.is_empty(), "{args:?}: {}", stdout(&output));
    for word in words {
        assert!(told.contains(word), "{args:?}: no {word:?} in {told}");
    }
    assert!(!told.contains("panicked"), "{args:?}: {told}");
}

/// What was printed.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What was told beside the result.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What was printed, as the object that it is.
pub fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A fictional county of 200 projects as a workbook.
pub fn county(folder: &Path) {
    succeed(
        folder,
        &["synth", "--projects", "200", "--seed", "1", "-o", "county"],
    );
}

/// What lies in a folder, sorted, but for the plans that a run keeps.
pub fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".cache")
        .collect();
    names.sort();
    names
}

/// A rule of a county's own, for filers, in the folder `own`.
pub fn own_rule(folder: &Path, id: &str, sql: &str) {
    std::fs::create_dir_all(folder.join("own")).unwrap();
    let text = format!(
        "-- id: {id}\n-- title.zh: 甲\n-- title.en: A\n-- audience: filer\n-- severity: low\n\
         -- subject: project\n-- reach: record\n-- basis: practice\n-- says.zh: {{subject}}\n\
         -- says.en: {{subject}}\n{sql}\n"
    );
    std::fs::write(folder.join(format!("own/{id}.sql")), text).unwrap();
    std::fs::write(folder.join(format!("own/{id}.fixture")), "").unwrap();
}

/// The SQL of a rule that never ends.
pub const ENDLESS: &str = "with recursive n as (select 1 as i union all select i + 1 from n where i > 0) \
     select p.project_code as subject from projects p join n on n.i = -1";
