//! What a package says and a filing has no place for is told, field by field.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::support::Node;

use super::*;

#[test]
fn the_standards_own_example_tells_field_by_field_what_is_not_carried() {
    let node = Node::new();
    let path = Path::new(FIXTURES).join("oc4ids/example.json");
    let plan = plan(&node, &path);
    let [project] = plan.projects() else {
        panic!("one project");
    };
    assert_eq!(
        project.code,
        "oc4ids-bu3kcz-m75-junctions-4-to-5-smart-motorway"
    );
    let changes = plan.changes(&node.platform, &project.code).unwrap();
    let says = |column: &str| {
        let change = changes
            .iter()
            .find(|change| change.table == "projects" && change.column == column);
        change.map(|change| {
            (
                change.to.clone().unwrap(),
                change.place.clone().unwrap().pointer.unwrap(),
            )
        })
    };
    assert_eq!(
        says("name"),
        Some((
            "M75 Junctions 4 to 5 upgrade smart motorway".to_owned(),
            "/projects/0/title".to_owned()
        ))
    );
    assert_eq!(says("planned_start").unwrap().0, "2016-01-01");
    assert_eq!(project.stage.as_deref(), Some("upkeep"));
    // Pounds are no yuan, wherever they stand.
    assert_eq!(says("approved_budget"), None);
    let left = plan.not_carried(&project.code);
    let money = why(left, "/projects/0/budget/amount");
    assert!(
        money.why.zh.contains("GBP") && money.why.en.contains("not taken as yuan"),
        "{money:?}"
    );
    for change in &changes {
        let place = change.place.as_ref().unwrap().pointer.as_deref().unwrap();
        assert!(
            !place.contains("/amount") && !place.contains("Value"),
            "{place}"
        );
    }
    // A sector that is no kind, a position that is not in China, a field that is no item.
    assert!(
        why(left, "/projects/0/sector/1")
            .why
            .en
            .contains("no kind of projects")
    );
    assert!(
        why(left, "/projects/0/locations/0/geometry/coordinates")
            .why
            .en
            .contains("out of range")
    );
    assert!(
        why(left, "/projects/0/assetLifetime")
            .why
            .en
            .contains("none of the 42 items")
    );
    node.take(&plan);
    changes_nothing(&node, &self::plan(&node, &path));
}

#[test]
fn odd_values_are_told_with_their_places_and_the_rest_is_taken() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let value = package(json!([{
        "id": "99010120250001",
        "title": "路",
        "status": "underConstruction",
        "period": {"startDate": "2025-13-01T00:00:00Z", "endDate": "2400-01-01T00:00:00Z"},
        "budget": {"amount": {"amount": 1e15, "currency": "CNY"}, "approvalDate": "2025-03-14T00:00:00+08:00",
            "budgetBreakdowns": [{"id": "a", "budgetBreakdown": [
                {"id": "1", "description": "World Bank", "amount": {"amount": 5, "currency": "CNY"}},
                {"id": "2", "description": "中央", "amount": {"amount": 5}}]}]},
        "locations": [{"id": "1", "geometry": {"type": "Point", "coordinates": [32.28, 105.52]}}],
        "madeUp": {"a": [1, 2]},
        "contractingProcesses": [{"id": "1", "summary": {
            "tender": {"procurementMethod": "limited"},
            "contractValue": {"amount": 100, "currency": "USD"},
            "milestones": [{"id": "1", "code": "contractSigned", "dueDate": "2030-01-01T00:00:00Z", "status": "scheduled"}]}}],
    }]));
    let path = written(folder.path(), &value);
    let plan = plan(&node, &path);
    let left = plan.not_carried("99010120250001");
    for (place, says) in [
        ("/projects/0/status", "projectStatus"),
        ("/projects/0/period/startDate", "no date"),
        ("/projects/0/period/endDate", "out of range"),
        ("/projects/0/budget/amount/amount", "out of range"),
        (
            "/projects/0/budget/budgetBreakdowns/0/budgetBreakdown/0/description",
            "no level of funds",
        ),
        (
            "/projects/0/budget/budgetBreakdowns/0/budgetBreakdown/1/amount",
            "no currency",
        ),
        ("/projects/0/locations/0/geometry/coordinates", "swapped"),
        ("/projects/0/madeUp", "none of the 42 items"),
        (
            "/projects/0/contractingProcesses/0/summary/tender/procurementMethod",
            "consultation",
        ),
        (
            "/projects/0/contractingProcesses/0/summary/contractValue",
            "USD",
        ),
        (
            "/projects/0/contractingProcesses/0/summary/milestones/0/dueDate",
            "has not happened",
        ),
    ] {
        let one = why(left, place);
        assert!(one.why.en.contains(says), "{one:?}");
    }
    assert_eq!(plan.projects()[0].not_carried as usize, left.len());
    node.take(&plan);
    let code = "99010120250001";
    let filed = &carried(&node)[code];
    assert_eq!(filed["projects"][0]["approval_date"], "2025-03-14");
    assert_eq!(filed["projects"][0].len(), 2, "{filed:?}");
    assert_eq!(filed["fund_sources"].len(), 1);
}

#[test]
fn releases_and_records_are_read_process_by_process() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let release = json!({
        "ocid": "ocds-1", "id": "2", "date": "2025-05-02T00:00:00Z", "tag": ["contract"],
        "planning": {"budget": {"projectID": "99010120250001", "amount": {"amount": 600_000, "currency": "CNY"}}},
        "parties": [
            {"id": "B", "name": "示例县农业农村局", "roles": ["buyer"]},
            {"id": "S", "name": "示例县柿子湾建设有限公司", "roles": ["supplier"],
                "identifier": {"scheme": "CN-USCC", "id": "91510823MA62K1XY7N"}}],
        "buyer": {"id": "B", "name": "示例县农业农村局"},
        "bids": {"details": [{"id": "1", "status": "valid", "date": "2025-04-20T00:00:00+08:00",
            "tenderers": [{"id": "S"}], "value": {"amount": 590_000, "currency": "CNY"}}]},
        "awards": [{"id": "1", "status": "active", "suppliers": [{"id": "S"}]}],
        "contracts": [{"id": "HT-1", "awardID": "1", "dateSigned": "2025-05-01T00:00:00+08:00",
            "value": {"amount": 580_000, "currency": "CNY"},
            "implementation": {"transactions": [
                {"id": "1", "date": "2025-06-01T00:00:00+08:00", "value": {"amount": 100, "currency": "EUR"}, "payee": {"id": "S"}}]}}],
    });
    let tender = json!({
        "ocid": "ocds-1", "id": "1", "date": "2025-04-01T00:00:00Z", "tag": ["tender"],
        "tender": {"id": "T", "title": "核桃园", "procurementMethod": "open",
            "tenderPeriod": {"startDate": "2025-04-01T00:00:00+08:00", "endDate": "2025-04-22T00:00:00+08:00"}},
    });
    let other = json!({"ocid": "ocds-2", "id": "1", "date": "2025-04-01T00:00:00Z", "tag": ["planning"],
        "planning": {"budget": {"projectID": "99010120250001"}}});
    let value = json!({"version": "1.1", "uri": "urn:x", "publishedDate": "2026-01-01T00:00:00Z",
        "publisher": {"name": "x"}, "releases": [release, tender, other]});
    let path = written(folder.path(), &value);
    let plan = plan(&node, &path);
    assert_eq!(plan.projects().len(), 1);
    let changes = plan.changes(&node.platform, "99010120250001").unwrap();
    let mut told: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
    for change in &changes {
        let place = change.place.as_ref().unwrap().pointer.as_deref().unwrap();
        told.insert(
            (&change.table, &change.column),
            (change.to.as_deref().unwrap(), place),
        );
    }
    for ((table, column), stands) in [
        (("projects", "name"), ("核桃园", "/releases/1/tender/title")),
        (
            ("projects", "owner_name"),
            ("示例县农业农村局", "/releases/0/buyer/name"),
        ),
        (
            ("projects", "procurement_method"),
            ("open", "/releases/1/tender/procurementMethod"),
        ),
        (
            ("projects", "contract_amount"),
            ("580000", "/releases/0/contracts/0/value/amount"),
        ),
        (
            ("projects", "contractor_uscc"),
            ("91510823MA62K1XY7N", "/releases/0/parties/1/identifier/id"),
        ),
        (
            ("bids", "amount"),
            ("590000", "/releases/0/bids/details/0/value/amount"),
        ),
        (
            ("bids", "status"),
            ("valid", "/releases/0/bids/details/0/status"),
        ),
        (
            ("payments", "date"),
            (
                "2025-06-01",
                "/releases/0/contracts/0/implementation/transactions/0/date",
            ),
        ),
    ] {
        assert_eq!(
            told.get(&(table, column)),
            Some(&stands),
            "{table}.{column} {told:#?}"
        );
    }
    assert!(!told.contains_key(&("payments", "amount")));
    let left = plan.not_carried("99010120250001");
    assert!(
        why(
            left,
            "/releases/0/contracts/0/implementation/transactions/0/value"
        )
        .why
        .en
        .contains("EUR")
    );
    assert!(
        why(left, "/releases/2")
            .why
            .en
            .contains("one contracting process")
    );
    node.take(&plan);
    changes_nothing(&node, &self::plan(&node, &path));
    // A record with links only is told, and has nothing to take.
    let links = json!({"version": "1.1", "records": [{"ocid": "ocds-9", "releases": [{"url": "https://x.example/1", "date": "2025-01-01T00:00:00Z"}]}]});
    let error = refused(&node, &links.to_string());
    assert_eq!(error.place.en, "/records/0/releases");
}
