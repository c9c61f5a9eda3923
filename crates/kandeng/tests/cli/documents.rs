//! What the README tells a person to type works, in the order it is told.

use std::path::Path;

use crate::{kandeng, stderr};

/// Lines of ```sh blocks that run the program, without its name.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim();
        let arguments = line
            .strip_prefix("kandeng ")
            .or_else(|| line.strip_prefix("cargo run --release -- "));
        if let Some(arguments) = arguments.filter(|_| inside) {
            commands.push(arguments.split_whitespace().map(str::to_owned).collect());
        }
    }
    commands
}

fn run_all(folder: &Path, text: &str) -> usize {
    let commands = commands(text);
    for command in &commands {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = kandeng(folder, &args);
        assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    }
    commands.len()
}

#[test]
fn the_commands_of_the_english_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run_all(folder.path(), include_str!("../../../../README.md")) >= 8);
}

#[test]
fn the_commands_of_the_chinese_readme_work() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run_all(folder.path(), include_str!("../../../../README.zh-CN.md")) >= 8);
}
