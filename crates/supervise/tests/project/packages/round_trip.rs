//! What goes out comes back, and only what changed shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kandeng_geo::{SAME_GROUND_M, parse_wkt, same_ground};
use kandeng_platform::Answer;
use kandeng_supervise::Datum;
use kandeng_supervise::oc4ids::{Publisher, Scope, export_oc4ids};
use kandeng_supervise::project::Edit;
use kandeng_supervise::synth::Format;
use serde_json::{Value, json};

use crate::oc4ids::full;
use crate::support::{CLERK, Node};

use super::*;

fn export(node: &Node, folder: &Path, datum: Option<Datum>) -> PathBuf {
    let path = folder.join("projects.oc4ids.json");
    let publisher = Publisher {
        prefix: Some("oc4ids-bu3kcz".to_owned()),
        name: "示例县".to_owned(),
        ..Publisher::default()
    };
    export_oc4ids(
        &node.platform,
        &node.declared().filing,
        &node.key,
        &everywhere(),
        datum,
        Scope::Everything,
        &publisher,
        &path,
    )
    .unwrap();
    path
}

/// The same values, a boundary by its ground.
fn same(
    before: &BTreeMap<String, BTreeMap<String, Rows>>,
    after: &BTreeMap<String, BTreeMap<String, Rows>>,
) {
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (code, tables) in before {
        for (table, rows) in tables {
            let others = &after[code][table];
            assert_eq!(
                rows.len(),
                others.len(),
                "{code} {table}: {rows:#?} {others:#?}"
            );
            for (row, other) in rows.iter().zip(others) {
                let mut row = row.clone();
                let mut other = other.clone();
                for percent in [row.get_mut("percent"), other.get_mut("percent")]
                    .into_iter()
                    .flatten()
                {
                    // As somebody typed it, or as it is read.
                    *percent = format!("{}%", percent.trim_end_matches('%'));
                }
                if let (Some(one), Some(two)) = (row.remove("boundary"), other.remove("boundary")) {
                    let (one, two) = (parse_wkt(&one).unwrap(), parse_wkt(&two).unwrap());
                    assert!(same_ground(&one, &two, SAME_GROUND_M), "{code}");
                }
                assert_eq!(row, other, "{code} {table}");
            }
        }
    }
}

#[test]
fn what_goes_out_comes_back_into_an_empty_node_and_changes_nothing_where_it_came_from() {
    for seed in [3, 7, 11] {
        let node = Node::new();
        // After all that happened in the county.
        node.clock.set("2026-07-01T00:00:00Z".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let county = crate::support::synthetic_of(seed, 60, 7, Format::Xlsx, folder.path());
        node.take(&node.plan(&county));
        let path = export(&node, folder.path(), None);
        let again = plan(&node, &path);
        changes_nothing(&node, &again);
        assert!(again.is_unchanged());
        assert_eq!(node.take(&again).answer, Answer::Nothing);
        let empty = Node::new();
        let plan_of = plan(&empty, &path);
        // Everything that this program writes is carried.
        for project in plan_of.projects() {
            assert_eq!(plan_of.not_carried(&project.code), []);
        }
        assert_eq!(plan_of.diagnostics, []);
        assert!(plan_of.problems.is_empty());
        let taken = empty.take(&plan_of);
        assert_eq!((taken.filed, taken.changed), (60, 0));
        same(&carried(&node), &carried(&empty));
        // What was read goes out as it came in.
        changes_nothing(&empty, &plan(&empty, &path));
    }
}

#[test]
fn a_filing_with_everything_comes_back_but_for_what_names_people() {
    let node = Node::new();
    node.file("99010120250001", full(), CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = export(&node, folder.path(), None);
    changes_nothing(&node, &plan(&node, &path));
    let empty = Node::new();
    empty.take(&plan(&empty, &path));
    let (mut before, after) = (carried(&node), carried(&empty));
    let tables = before.values_mut().next().unwrap();
    // A person's name where the form asks for a body does not go out either.
    for (table, column) in [
        ("projects", "asset_owner"),
        ("inspections", "by"),
        ("panel", "body"),
    ] {
        for row in tables.get_mut(table).unwrap() {
            if row
                .get(column)
                .is_some_and(|name| ["王桂香", "李国强", "赵春生"].contains(&&**name))
            {
                row.remove(column);
            }
        }
    }
    same(&before, &after);
}

/// A square of some sixty metres, in figures of a datum.
fn square(datum: Datum) -> String {
    let at = [
        (105.52, 32.28),
        (105.5207, 32.28),
        (105.5207, 32.2806),
        (105.52, 32.2806),
        (105.52, 32.28),
    ];
    let corners = at.map(|(lon, lat)| {
        let (x, y) = datum.from_wgs84(lon, lat).unwrap();
        format!("{x} {y}")
    });
    format!("POLYGON(({}))", corners.join(","))
}

#[test]
fn a_boundary_of_another_datum_is_known_again_as_the_same_ground() {
    let gcj = Datum::Gcj02;
    for (typed, named, usual) in [
        (square(gcj), Some("GCJ-02"), None),
        // Without a name it is in the county's usual datum.
        (square(gcj), None, Some(gcj)),
        (square(Datum::Cgcs2000), Some("CGCS2000"), Some(gcj)),
        (
            square(Datum::parse("4523").unwrap()),
            Some("EPSG:4523"),
            None,
        ),
        (square(Datum::Wgs84), None, None),
    ] {
        let node = Node::new();
        let edit = Edit::default()
            .with("name", "核桃园")
            .with("boundary", &typed);
        let edit = named
            .iter()
            .fold(edit, |edit, name| edit.with("boundary_datum", name));
        let id = node.file("99010120250001", edit, CLERK).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = export(&node, folder.path(), usual);
        let mut package: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let ring = "/projects/0/locations/0/geometry/coordinates/0";
        let first = package
            .pointer(&format!("{ring}/0/0"))
            .unwrap()
            .as_f64()
            .unwrap();
        assert!((first - 105.52).abs() < 1e-6, "out in WGS-84: {first}");
        changes_nothing(&node, &plan_in(&node, &path, usual));
        // Another program wrote it: six decimals, another corner first, the other way round.
        let corners = package.pointer_mut(ring).unwrap().as_array_mut().unwrap();
        corners.pop();
        corners.rotate_left(2);
        corners.reverse();
        corners.push(corners[0].clone());
        for figure in corners.iter_mut().flat_map(|at| at.as_array_mut().unwrap()) {
            *figure = json!((figure.as_f64().unwrap() * 1e6).round() / 1e6);
        }
        let path = written(folder.path(), &package);
        changes_nothing(&node, &plan_in(&node, &path, usual));
        // A corner that was moved by three metres is a change, and is in WGS-84 from then on.
        let corners = package.pointer_mut(ring).unwrap().as_array_mut().unwrap();
        corners[1][0] = json!(corners[1][0].as_f64().unwrap() + 0.000_032);
        let path = written(folder.path(), &package);
        let moved = plan_in(&node, &path, usual);
        let changes = moved.changes(&node.platform, "99010120250001").unwrap();
        let columns: Vec<_> = changes
            .iter()
            .map(|change| change.column.as_str())
            .collect();
        let is_other = named.map_or(usual, |name| Datum::parse(name).ok());
        if is_other.is_some_and(|datum| datum != Datum::Wgs84) {
            assert_eq!(columns, ["boundary", "boundary_datum"]);
        } else {
            assert_eq!(columns, ["boundary"]);
        }
        let place = changes[0].place.as_ref().unwrap();
        assert_eq!(
            place.pointer.as_deref(),
            Some("/projects/0/locations/0/geometry")
        );
        node.take(&moved);
        assert_ne!(node.page(id).filed.fields["boundary"], typed);
        changes_nothing(&node, &plan_in(&node, &path, usual));
    }
}

#[test]
fn a_changed_package_shows_what_changes_and_leaves_alone_what_it_does_not_say() {
    let node = Node::new();
    let id = node.file("99010120250001", full(), CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = export(&node, folder.path(), None);
    let mut package: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let project = &mut package["projects"][0];
    project["budget"]["amount"]["amount"] = json!(610_000);
    project.as_object_mut().unwrap().remove("title");
    let summary = &mut project["contractingProcesses"][0]["summary"];
    summary["transactions"][0]["value"]["amount"] = json!(210_000);
    summary["transactions"].as_array_mut().unwrap().push(
        json!({"id": "9", "date": "2025-10-01T00:00:00+08:00", "value": {"amount": 1, "currency": "CNY"}}),
    );
    let path = written(folder.path(), &package);
    let changed = plan(&node, &path);
    let mut told: Vec<_> = changed
        .changes(&node.platform, "99010120250001")
        .unwrap()
        .into_iter()
        .map(|change| {
            (
                change.column,
                change.from,
                change.to,
                change.place.unwrap().pointer.unwrap(),
            )
        })
        .collect();
    told.sort();
    let at = |inner: &str| format!("/projects/0/{inner}");
    let text = |text: &str| Some(text.to_owned());
    let paid = "contractingProcesses/0/summary/transactions";
    assert_eq!(
        told,
        [
            (
                "amount".to_owned(),
                None,
                text("1"),
                at(&format!("{paid}/2/value/amount"))
            ),
            (
                "amount".to_owned(),
                text("200000"),
                text("210000"),
                at(&format!("{paid}/0/value/amount"))
            ),
            (
                "approved_budget".to_owned(),
                text("600000.50"),
                text("610000"),
                at("budget/amount/amount")
            ),
            (
                "date".to_owned(),
                None,
                text("2025-10-01"),
                at(&format!("{paid}/2/date"))
            ),
        ]
    );
    node.take(&changed);
    let filed = node.page(id).filed;
    assert_eq!(filed.fields["name"], "柿子湾核桃园");
    // The bid that was withdrawn, the person's payment with number and account: none of it went out, all of it stays.
    assert_eq!(filed.lists["bids"].len(), 3);
    assert_eq!(filed.lists["payments"].len(), 3);
    assert!(filed.lists["payments"][&2].contains_key("account"));
    changes_nothing(&node, &plan(&node, &path));
}

#[test]
fn a_day_that_lies_ahead_is_scheduled_and_does_not_come_back_as_one_on_which_it_happened() {
    let node = Node::new();
    let edit = Edit::default()
        .with("name", "核桃园")
        .with("tender_end", "2026-03-01")
        .with("bid_opening", "2025-12-31")
        .with("contract_date", "2026-01-01")
        .with("start_date", "2026-01-02");
    let id = node.file("99010120250001", edit, CLERK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = export(&node, folder.path(), None);
    let package: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    crate::oc4ids::check_package(&package);
    let project = &package["projects"][0];
    let milestones = project["milestones"].as_array().unwrap().iter();
    let milestones = milestones.chain(
        project
            .pointer("/contractingProcesses/0/summary/milestones")
            .unwrap()
            .as_array()
            .unwrap(),
    );
    let told: Vec<_> = milestones
        .map(|one| {
            let day = |field: &str| one[field].as_str().map(|day| day[..10].to_owned());
            (
                one["code"].as_str().unwrap(),
                one["status"].as_str().unwrap(),
                day("dateMet"),
                day("dueDate"),
                day("dateModified"),
            )
        })
        .collect();
    let day = |day: &str| Some(day.to_owned());
    assert_eq!(
        told,
        [
            // The filing was last changed on the first of January, in China as well.
            (
                "start",
                "scheduled",
                None,
                day("2026-01-02"),
                day("2026-01-01")
            ),
            (
                "tenderEnd",
                "scheduled",
                None,
                day("2026-03-01"),
                day("2026-01-01")
            ),
            ("bidOpening", "met", day("2025-12-31"), None, None),
            ("contractSigned", "met", day("2026-01-01"), None, None),
        ]
    );
    changes_nothing(&node, &plan(&node, &path));
    let empty = Node::new();
    let plan = plan(&empty, &path);
    let left = plan.not_carried("99010120250001");
    assert_eq!(left.len(), 1);
    assert!(
        why(left, "/projects/0/milestones/0/dueDate")
            .why
            .en
            .contains("has not happened")
    );
    empty.take(&plan);
    let fields = &carried(&empty)["99010120250001"]["projects"][0];
    assert_eq!(fields["tender_end"], "2026-03-01");
    assert!(!fields.contains_key("start_date"));
    assert!(node.page(id).filed.fields.contains_key("start_date"));
}
