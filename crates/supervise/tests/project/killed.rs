//! A node that is killed in the middle of an import has taken all of it or nothing.
//!
//! The parent starts this program again as a child that imports, and kills it at one moment after another.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kandeng_supervise::project::Filter;
use kandeng_supervise::synth::Format;

use crate::support::{Node, synthetic};

const PLACE: &str = "KANDENG_TEST_IMPORT_PLACE";
const FILE: &str = "KANDENG_TEST_IMPORT_FILE";
const PROJECTS: usize = 200;

/// Does nothing but when the parent asks for it.
#[test]
fn as_a_child_it_imports() {
    let (Ok(place), Ok(file)) = (std::env::var(PLACE), std::env::var(FILE)) else {
        return;
    };
    let node = Node::at(Path::new(&place));
    let plan = node.plan(Path::new(&file));
    std::fs::write(Path::new(&place).join("planned"), "").unwrap();
    node.take(&plan);
    std::fs::write(Path::new(&place).join("taken"), "").unwrap();
}

#[test]
fn an_import_that_is_killed_is_taken_whole_or_not_at_all() {
    let source = tempfile::tempdir().unwrap();
    let file = synthetic(PROJECTS, 7, Format::Xlsx, source.path());
    let mut outcomes = Vec::new();
    let mut takes = None;
    for step in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        Node::at(folder.path()).adopt();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::as_a_child_it_imports"])
            .env(PLACE, folder.path())
            .env(FILE, &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let there = |name: &str| folder.path().join(name).is_file();
        let wait = |name: &str| {
            let start = Instant::now();
            while !there(name) && start.elapsed() < Duration::from_mins(2) {
                std::thread::sleep(Duration::from_millis(1));
            }
            start.elapsed()
        };
        wait("planned");
        match takes {
            // The first one shows how long taking takes; the others are killed within.
            None => takes = Some(wait("taken")),
            Some(takes) => std::thread::sleep(takes * step / 7),
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let node = Node::at(folder.path());
        let filter = Filter {
            within: vec!["99".to_owned()],
            ..Filter::default()
        };
        let list = |of: &rusqlite::Connection| kandeng_supervise::project::list(of, &filter, 0, 1);
        let count = node.platform.query(list).unwrap().total;
        assert!(count == 0 || count == PROJECTS as u64, "{count}");
        // Whatever happened, the same file once more leaves the whole county.
        let plan = node.plan(&file);
        assert_eq!(plan.is_unchanged(), count > 0);
        node.take(&plan);
        assert_eq!(node.platform.query(list).unwrap().total, PROJECTS as u64);
        outcomes.push(count);
    }
    assert_eq!(outcomes[0], PROJECTS as u64);
    assert!(outcomes.contains(&0), "{outcomes:?}");
}
