//! Packages of open data read in: what is carried, what is not and why, and that a package which this program wrote is
//! read as what it was made of.

mod refused;
mod round_trip;
mod told;

use std::path::{Path, PathBuf};

use kandeng_supervise::Datum;
use kandeng_supervise::import::ImportOptions;
use kandeng_supervise::packages::{self};
use kandeng_supervise::project::ImportPlan;
use serde_json::{Value, json};

use crate::support::Node;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn options(node: &Node, datum: Option<Datum>) -> ImportOptions {
    ImportOptions {
        datum,
        ..node.options()
    }
}

fn plan_in(node: &Node, path: &Path, datum: Option<Datum>) -> ImportPlan {
    let options = options(node, datum);
    let read = packages::read(path, &options, &|_, _| {}).unwrap();
    ImportPlan::new(&node.platform, read, &options, &|_, _| {}).unwrap()
}

fn plan(node: &Node, path: &Path) -> ImportPlan {
    plan_in(node, path, None)
}

fn written(folder: &Path, value: &Value) -> PathBuf {
    let path = folder.join("package.json");
    std::fs::write(&path, value.to_string()).unwrap();
    path
}

fn package(projects: Value) -> Value {
    json!({"version": "0.9", "uri": "urn:x", "publishedDate": "2026-01-01T00:00:00Z",
        "publisher": {"name": "x"}, "projects": projects})
}

/// Nothing changes, and what would is shown where it does not hold.
fn changes_nothing(node: &Node, plan: &ImportPlan) {
    let odd: Vec<_> = plan
        .projects()
        .iter()
        .filter(|project| !project.is_unchanged())
        .map(|project| {
            (
                project.code.clone(),
                plan.changes(&node.platform, &project.code).unwrap(),
            )
        })
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
}
