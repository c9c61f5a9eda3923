//! Packages of open data read in: what is carried, what is not and why, and that a package which this program wrote is
//! read as what it was made of.

mod not_taken;
mod round_trip;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kandeng_supervise::Datum;
use kandeng_supervise::import::ImportOptions;
use kandeng_supervise::packages::{self, NotCarried, PackageError};
use kandeng_supervise::project::{Filter, ImportPlan, list};
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

/// What goes out to the standard and comes back: by table, columns. The rest has no place in it.
const CARRIED: [(&str, &[&str]); 11] = [
    (
        "projects",
        &[
            "name",
            "kind",
            "village_code",
            "address",
            "lon",
            "lat",
            "owner_name",
            "owner_uscc",
            "approval_number",
            "approval_authority",
            "approval_date",
            "approved_budget",
            "resolution_date",
            "resolution_file",
            "procurement_method",
            "tender_start",
            "tender_end",
            "bid_opening",
            "contractor_name",
            "contractor_uscc",
            "contract_number",
            "contract_date",
            "contract_amount",
            "planned_start",
            "planned_finish",
            "start_date",
            "boundary",
            "boundary_method",
            "paid_total",
            "payee_name",
            "payee_uscc",
            "retention_amount",
            "retention_due",
            "finish_date",
            "acceptance_date",
            "settlement",
            "acceptance_file",
            "asset_owner",
            "upkeep_body",
            "upkeep_fund",
            "households",
            "people",
            "scale",
            "scale_unit",
            "accepted_scale",
            "accepted_scale_unit",
        ],
    ),
    ("fund_sources", &["level", "amount"]),
    ("bids", &["bidder_name", "bidder_uscc"]),
    ("progress", &["date", "percent", "note"]),
    ("inspections", &["date", "by", "finding"]),
    ("payment_plan", &["due_date", "percent", "amount"]),
    (
        "payments",
        &[
            "date",
            "amount",
            "payee_name",
            "payee_uscc",
            "voucher",
            "voucher_file",
        ],
    ),
    ("photos", &["stage", "file"]),
    ("panel", &["role", "body"]),
    ("upkeep_checks", &["date", "state"]),
    ("income", &["year", "income", "paid_out"]),
];

type Rows = Vec<BTreeMap<String, String>>;

/// What of a county's filings is carried, by code and table.
fn carried(node: &Node) -> BTreeMap<String, BTreeMap<String, Rows>> {
    let all = node
        .platform
        .query(|of| list(of, &everywhere(), 0, u32::MAX))
        .unwrap();
    all.rows
        .iter()
        .map(|row| {
            let filed = node.page(row.id).filed;
            let own = BTreeMap::from([(0, filed.fields.clone())]);
            let tables = CARRIED.iter().map(|(table, columns)| {
                let rows = if *table == "projects" {
                    Some(&own)
                } else {
                    filed.lists.get(*table)
                };
                let rows = rows.into_iter().flat_map(BTreeMap::values);
                let mut seen = BTreeSet::new();
                let rows: Rows = rows
                    .filter(|row| {
                        *table != "bids"
                            || row.get("status").map(String::as_str) != Some("withdrawn")
                    })
                    .map(|row| {
                        let says = |column: &&&str| {
                            let text = row.get(**column)?;
                            // People do not go out.
                            let is_persons =
                                row.contains_key("payee_id") && **column == "payee_name";
                            let is_mark = text.starts_with("person/");
                            (!is_persons && !is_mark).then(|| ((**column).to_owned(), text.clone()))
                        };
                        columns
                            .iter()
                            .filter_map(|column| says(&column))
                            .collect::<BTreeMap<_, _>>()
                    })
                    .filter(|row| !row.is_empty())
                    // The standard wants each tenderer once.
                    .filter(|row| *table != "bids" || seen.insert(row.clone()))
                    .collect();
                ((*table).to_owned(), rows)
            });
            let mut tables: BTreeMap<String, Rows> = tables.collect();
            tables.insert(
                "stage".to_owned(),
                vec![BTreeMap::from([("stage".to_owned(), row.stage.clone())])],
            );
            (row.code.clone(), tables)
        })
        .collect()
}

fn why<'n>(left: &'n [NotCarried], place: &str) -> &'n NotCarried {
    let found = left.iter().find(|one| one.place == place);
    found.unwrap_or_else(|| panic!("{place} is not among {left:#?}"))
}

fn refused(node: &Node, text: &str) -> PackageError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.json");
    std::fs::write(&path, text).unwrap();
    packages::read(&path, &node.options(), &|_, _| {})
        .err()
        .unwrap()
}

fn everywhere() -> Filter {
    Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    }
}
