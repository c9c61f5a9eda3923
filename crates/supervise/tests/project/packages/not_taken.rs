//! What is no package, and what is too much of one, is refused with its place.

use std::path::Path;

use kandeng_supervise::import::ImportOptions;
use kandeng_supervise::packages::{self};
use kandeng_supervise::project::ImportPlan;
use kandeng_supervise::synth::Format;
use serde_json::json;

use crate::support::{Node, synthetic};

use super::*;

#[test]
fn what_is_no_package_is_refused_with_its_place() {
    let node = Node::new();
    let two = json!([{"id": "a"}, {"id": "b"}, {"id": "ａ"}]);
    for (text, place, says) in [
        (
            "{\"version\": \"0.9\", \"projects\": [{\"id\"",
            "line 1",
            "not whole",
        ),
        (
            "{\"version\": \"0.9\", \"projects\": [}",
            "line 1",
            "not valid JSON",
        ),
        ("{}\n{}", "line 2", "more than one"),
        ("[]", "", "a list"),
        (
            "{\"type\": \"FeatureCollection\", \"features\": []}",
            "/type",
            "another kind",
        ),
        ("{\"ocid\": \"a\", \"tender\": {}}", "/ocid", "by itself"),
        (
            "{\"version\": \"0.9\", \"projects\": {}}",
            "/projects",
            "expected a list",
        ),
        (&package(json!([])).to_string(), "/projects", "none in it"),
        (
            &package(json!([{"title": "x"}])).to_string(),
            "/projects/0/id",
            "no identifier",
        ),
        (
            &package(json!(["x"])).to_string(),
            "/projects/0",
            "expected an object",
        ),
        (
            &package(json!([{"id": "x".repeat(65)}])).to_string(),
            "/projects/0/id",
            "64",
        ),
        (
            &package(two).to_string(),
            "/projects/2/id",
            "the same identifier as /projects/0",
        ),
        (
            &package(json!([])).to_string().replace("0.9", "0.5"),
            "/version",
            "0.5",
        ),
        ("{\"projects\": [{\"id\": \"a\"}]}", "/version", "only 0.9"),
        (
            "{\"version\": \"2.0\", \"releases\": [{\"ocid\": \"a\"}]}",
            "/version",
            "only 1.1",
        ),
        (
            "{\"releases\": [{\"id\": \"a\"}]}",
            "/releases/0/ocid",
            "no ocid",
        ),
    ] {
        let error = refused(&node, text);
        assert!(error.place.en.starts_with(place), "{text}: {error:?}");
        assert!(error.problem.en.contains(says), "{text}: {error:?}");
        assert!(
            !error.text().zh.is_empty() && error.text().zh != error.text().en,
            "{error:?}"
        );
    }
    let deep = 30 << 20;
    let nested = format!(
        "{{\"version\": \"0.9\", \"projects\": [{{\"id\": \"a\", \"x\": {}{}}}]}}",
        "[".repeat(deep),
        "]".repeat(deep)
    );
    let error = refused(&node, &nested);
    assert!(error.problem.en.contains("nested too deeply"), "{error:?}");
    let large = " ".repeat(65 << 20);
    assert!(refused(&node, &large).problem.en.contains("at most 64 MB"));
}

#[test]
fn real_packages_are_read_or_refused_and_no_foreign_money_is_taken() {
    let node = Node::new();
    let (mut read, mut refused) = (0, 0);
    let folder = Path::new(FIXTURES).join("ocds/real");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let options = node.options();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match packages::read(&path, &options, &|_, _| {}) {
            Err(error) => {
                assert!(!error.problem.zh.is_empty(), "{name}");
                refused += 1;
            }
            Ok(import) => {
                read += 1;
                let plan = ImportPlan::new(&node.platform, import, &options, &|_, _| {}).unwrap();
                assert!(!plan.projects().is_empty(), "{name}");
                for project in plan.projects() {
                    for change in plan.changes(&node.platform, &project.code).unwrap() {
                        assert!(
                            !change.column.contains("amount") && !change.column.contains("budget"),
                            "{name}: {change:?}"
                        );
                        assert!(change.place.unwrap().pointer.is_some(), "{name}");
                    }
                    assert!(!plan.not_carried(&project.code).is_empty(), "{name}");
                }
                node.take(&plan);
                let again = packages::read(&path, &options, &|_, _| {}).unwrap();
                let again = ImportPlan::new(&node.platform, again, &options, &|_, _| {}).unwrap();
                changes_nothing(&node, &again);
            }
        }
    }
    // Bare releases, lines of packages and another encoding are no packages.
    assert_eq!((read, refused), (18, 9));
}

#[test]
fn a_county_on_disk_is_not_taken_for_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(60, 1, Format::Xlsx, folder.path());
    assert!(!packages::is_json(&path));
    assert!(packages::is_json(
        &Path::new(FIXTURES).join("oc4ids/example.json")
    ));
}

#[test]
fn a_small_file_of_very_many_values_is_refused_before_it_fills_the_memory() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.json");
    let many = "1,".repeat(8_000_000);
    let text = format!(
        "{{\"version\": \"0.9\", \"projects\": [{{\"id\": \"99012120260001\", \"x\": [{many}1]}}]}}"
    );
    std::fs::write(&path, text).unwrap();
    let options = ImportOptions::new(node.key.clone());
    let error = packages::read(&path, &options, &|_, _| {}).err().unwrap();
    assert!(error.problem.en.contains("too many values"), "{error}");
}
