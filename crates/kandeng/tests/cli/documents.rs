//! What the documents tell a person to type works, in the order it is told.
//! A block marked `sh` is run; what is not meant to be run stands in a block marked `text`.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{kandeng, program, stderr};

/// Commands of `sh` blocks that belong to a checkout and not to the program: `.ci/run` runs them.
const OF_A_CHECKOUT: [&str; 6] = [
    "cargo test",
    "cargo build",
    "cargo install",
    "git clone",
    "cd ",
    ".ci/run",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of `sh` blocks, each on one line: continued lines joined, comments left out.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut inside = false;
    let mut begun = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(kind) = line.strip_prefix("```") {
            inside = !inside && matches!(kind, "sh" | "bash" | "shell" | "console");
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default().trim();
        if !inside || line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => begun.push_str(part),
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines
}

/// The words of a command; quotes keep spaces. What only a shell could do is refused.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ') => words.push(String::new()),
            (None, '|' | '>' | '<' | '&' | ';' | '$' | '`') => {
                panic!("`{line}` needs a shell: put it in a text block")
            }
            // Cannot fail: there is always a last word.
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs what a document says, in a folder of its own; returns how many commands that were.
fn run(text: &str, name: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for line in lines(text) {
        if OF_A_CHECKOUT.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let arguments = ["kandeng ", "cargo run --release -- "]
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .unwrap_or_else(|| panic!("{name}: `{line}` is not run by this test"));
        let arguments = words(arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = match arguments[0] {
            "demo" => demo(folder.path(), &arguments),
            _ => kandeng(folder.path(), &arguments),
        };
        assert!(
            output.status.success(),
            "{name}: `{line}`: {}",
            stderr(&output)
        );
        count += 1;
    }
    count
}

/// The demonstration stays up until somebody stops it: a small one, until it says where its pages are.
fn demo(folder: &Path, arguments: &[&str]) -> Output {
    let small = ["--projects", "60", "--port", "0"];
    let mut running = program(folder, &[arguments, &small].concat())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = std::io::BufReader::new(running.stdout.take().unwrap());
    let is_there = told
        .lines()
        .any(|line| line.unwrap().contains("http://127.0.0.1:"));
    assert!(is_there, "{}", stderr(&running.wait_with_output().unwrap()));
    let id = running.id().to_string();
    let killed = Command::new("kill").arg(&id).status().unwrap();
    assert!(killed.success());
    running.wait_with_output().unwrap()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_commands_of_the_english_readme_work() {
    assert!(run(&read("README.md"), "README.md") >= 8);
}

#[test]
fn the_commands_of_the_chinese_readme_work() {
    assert!(run(&read("README.zh-CN.md"), "README.zh-CN.md") >= 8);
}

#[test]
fn the_commands_of_the_other_documents_work() {
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                run(
                    &std::fs::read_to_string(&path).unwrap(),
                    &path.display().to_string(),
                );
            }
        }
    }
}

#[test]
fn the_rule_that_contributors_are_shown_passes_its_fixtures() {
    let text = read("CONTRIBUTING.md");
    let block = |kind: &str, start: &str| {
        let mut blocks = text.split("```").skip(1).step_by(2);
        let found = blocks.find_map(|block| {
            let inner = block.strip_prefix(kind)?.strip_prefix('\n')?;
            inner.starts_with(start).then(|| inner.to_owned())
        });
        found.unwrap_or_else(|| panic!("no {kind} block that begins with {start}"))
    };
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("X01.sql"), block("sql", "-- id: X01")).unwrap();
    std::fs::write(own.join("X01.fixture"), block("text", "case:")).unwrap();
    let tested = kandeng(folder.path(), &["rules", "test", "X01", "--rules", "own"]);
    assert!(tested.status.success(), "{}", crate::stdout(&tested));
}

#[test]
fn a_command_in_a_text_block_is_not_run_and_one_in_a_sh_block_is() {
    let text =
        "```text\nkandeng nothing\n```\n```sh\n# first\nkandeng rules \\\n  list # all\n```\n";
    assert_eq!(lines(text), ["kandeng rules list"]);
    assert_eq!(run(text, "an example"), 1);
}

#[test]
#[should_panic(expected = "is not run by this test")]
fn a_command_that_would_be_skipped_silently_is_told() {
    run("```sh\nls -la\n```\n", "an example");
}
