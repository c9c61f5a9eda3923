//! Project packages of OC4IDS: valid, the same each time, and with nobody in them.

use std::path::Path;

use kandeng_supervise::oc4ids::{Publisher, Scope, export_oc4ids};
use kandeng_supervise::project::{Edit, Filter};
use kandeng_supervise::synth::Format;
use serde_json::Value;

use crate::support::{CLERK, Node, synthetic};

const SCHEMAS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/oc4ids");

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Panics where a package is not as the standard's schema says.
pub fn check_package(package: &Value) {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    let mut address = String::new();
    for name in ["project-schema.json", "project-package-schema.json"] {
        let schema = read(&Path::new(SCHEMAS).join(name));
        schema["id"].as_str().unwrap().clone_into(&mut address);
        compiler.add_resource(&address, schema).unwrap();
    }
    let index = compiler.compile(&address, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(package, index) {
        panic!("{error:#}");
    }
}

fn publisher() -> Publisher {
    Publisher {
        prefix: Some("oc4ids-bu3kcz".to_owned()),
        name: "示例县".to_owned(),
        uri: Some("https://county.example/".to_owned()),
        license: Some("https://opendatacommons.org/licenses/by/1-0/".to_owned()),
    }
}

fn exported(node: &Node, scope: Scope) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("projects.json");
    let filter = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    let filing = node.declared().filing;
    let (platform, key) = (&node.platform, &node.key);
    let write = || {
        export_oc4ids(
            platform,
            &filing,
            key,
            &filter,
            None,
            scope,
            &publisher(),
            &path,
        )
        .unwrap();
        std::fs::read(&path).unwrap()
    };
    let bytes = write();
    assert_eq!(bytes, write(), "the same filings give the same bytes");
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn the_schema_tells_a_good_package_from_a_bad_one() {
    let mut example = read(&Path::new(SCHEMAS).join("example.json"));
    check_package(&example);
    example["projects"][0]["status"] = Value::from("underConstruction");
    let bad = std::panic::catch_unwind(|| check_package(&example));
    assert!(bad.is_err());
}

#[test]
fn a_synthetic_county_is_a_valid_package_in_both_scopes() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    node.take(&node.plan(&synthetic(150, 9, Format::Xlsx, folder.path())));
    for scope in [Scope::Public, Scope::Everything] {
        let package = exported(&node, scope);
        check_package(&package);
        assert_eq!(package["version"], "0.9");
        let projects = package["projects"].as_array().unwrap();
        assert_eq!(projects.len(), 150);
        for project in projects {
            let id = project["id"].as_str().unwrap();
            assert!(id.starts_with("oc4ids-bu3kcz-99"), "{id}");
            references_are_parties(project);
        }
        let text = package.to_string();
        assert!(!text.contains("个人 ") && !text.contains("person/"));
        assert!(!text.contains(node.key.id()), "no number, not even hashed");
    }
}

/// Every reference to an organization names one of the project's parties.
fn references_are_parties(project: &Value) {
    fn walk(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let is_list = matches!(&**key, "suppliers" | "tenderers");
                    if matches!(&**key, "publicAuthority" | "procuringEntity" | "payee") {
                        found.push(value.clone());
                    } else if is_list {
                        found.extend(value.as_array().unwrap().iter().cloned());
                    } else {
                        walk(value, found);
                    }
                }
            }
            Value::Array(list) => {
                for value in list {
                    walk(value, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(project, &mut found);
    let parties = project["parties"].as_array().unwrap();
    for reference in found {
        let known = parties.iter().find(|party| party["id"] == reference["id"]);
        assert_eq!(
            known.unwrap()["name"],
            reference["name"],
            "{reference} in {}",
            project["id"]
        );
    }
}

/// A filing with something in every part that the standard has a place for.
pub fn full() -> Edit {
    let own = [
        ("name", "柿子湾核桃园"),
        ("kind", "industry"),
        ("village_code", "990101001201"),
        ("address", "三组"),
        ("lon", "105.5204"),
        ("lat", "32.2808"),
        ("owner_name", "柿子湾村村民委员会"),
        ("scale", "120"),
        ("scale_unit", "亩"),
        ("approval_number", "示例批〔2025〕1号"),
        ("approval_authority", "示例县农业农村局"),
        ("approval_date", "2025-03-14"),
        ("approved_budget", "600000.50"),
        ("resolution_date", "2025-02-20"),
        ("procurement_method", "consultation"),
        ("tender_start", "2025-04-01"),
        ("tender_end", "2025-04-22"),
        ("bid_opening", "2025-04-22"),
        ("contractor_name", "示例县柿子湾建设有限公司"),
        ("contractor_uscc", "91510823MA62K1XY7N"),
        ("contract_number", "HT-1"),
        ("contract_date", "2025-05-01"),
        ("contract_amount", "580000"),
        ("planned_start", "2025-05-10"),
        ("planned_finish", "2025-09-10"),
        ("start_date", "2025-05-12"),
        (
            "boundary",
            "POLYGON((105.52 32.28, 105.5212 32.2803, 105.5215 32.2814, 105.5203 32.2817, 105.52 32.28))",
        ),
        ("boundary_method", "walked"),
        ("paid_total", "290000"),
        ("retention_amount", "29000"),
        ("retention_due", "2026-09-01"),
        ("finish_date", "2025-09-01"),
        ("acceptance_date", "2025-09-20"),
        ("accepted_scale", "118"),
        ("accepted_scale_unit", "亩"),
        ("settlement", "575000"),
        ("asset_owner", "王桂香"),
        ("upkeep_body", "柿子湾村村民委员会"),
        ("upkeep_fund", "5000"),
        ("households", "46"),
        ("people", "152"),
    ];
    let edit = own
        .into_iter()
        .fold(Edit::default(), |edit, (column, text)| {
            edit.with(column, text)
        });
    edit.with_row(
        "fund_sources",
        1,
        [("level", "central"), ("amount", "400000")],
    )
    .with_row(
        "bids",
        1,
        [
            ("bidder_name", "示例县柿子湾建设有限公司"),
            ("amount", "580000"),
            ("status", "valid"),
        ],
    )
    .with_row(
        "bids",
        2,
        [("bidder_name", "阿依古丽·买买提"), ("status", "valid")],
    )
    .with_row(
        "bids",
        3,
        [("bidder_name", "退出建设有限公司"), ("status", "withdrawn")],
    )
    .with_row(
        "progress",
        1,
        [("date", "2025-07-01"), ("percent", "40"), ("note", "整地")],
    )
    .with_row(
        "inspections",
        1,
        [
            ("date", "2025-07-02"),
            ("by", "李国强"),
            ("finding", "合格"),
        ],
    )
    .with_row(
        "payment_plan",
        1,
        [("due_date", "2025-06-30"), ("percent", "50")],
    )
    .with_row(
        "payments",
        1,
        [
            ("date", "2025-07-05"),
            ("amount", "200000"),
            ("payee_name", "示例县柿子湾建设有限公司"),
            ("voucher", "PZ-1"),
        ],
    )
    .with_row(
        "payments",
        2,
        [
            ("date", "2025-07-06"),
            ("amount", "90000"),
            ("payee_name", "王桂香"),
            ("payee_id", "510823196503070025"),
            ("account", "6228480402564890018"),
        ],
    )
    .with_row("photos", 1, [("file", "001.jpg"), ("stage", "during")])
    .with_row("panel", 1, [("role", "组长"), ("body", "示例县财政局")])
    .with_row("panel", 2, [("role", "组员"), ("body", "赵春生")])
    .with_row(
        "upkeep_checks",
        1,
        [("date", "2026-03-01"), ("state", "good")],
    )
    .with_row(
        "income",
        1,
        [("year", "2025"), ("income", "80000"), ("paid_out", "50000")],
    )
}

#[test]
fn a_filing_has_its_place_in_the_standard() {
    let node = Node::new();
    node.file("99010120250001", full(), CLERK).unwrap();
    let package = exported(&node, Scope::Everything);
    check_package(&package);
    let project = &package["projects"][0];
    let at = |path: &str| project.pointer(path).cloned().unwrap_or_default();
    for (path, stands) in [
        ("/id", Value::from("oc4ids-bu3kcz-99010120250001")),
        ("/title", Value::from("柿子湾核桃园")),
        ("/description", Value::from("产业发展,120 亩,三组")),
        ("/status", Value::from("maintenance")),
        ("/sector/0", Value::from("economy")),
        ("/budget/amount/amount", Value::from(600_000.5)),
        (
            "/budget/approvalDate",
            Value::from("2025-03-14T00:00:00+08:00"),
        ),
        (
            "/budget/budgetBreakdowns/0/budgetBreakdown/0/description",
            Value::from("中央"),
        ),
        (
            "/locations/0/gazetteer/identifiers/0",
            Value::from("990101001201"),
        ),
        ("/locations/0/geometry/coordinates/0", Value::from(105.5204)),
        ("/locations/1/geometry/type", Value::from("Polygon")),
        ("/forecasts/0/observations/0/measure", Value::from(120)),
        ("/metrics/0/observations/0/measure", Value::from(40)),
        (
            "/milestones/0/dateMet",
            Value::from("2025-05-12T00:00:00+08:00"),
        ),
        ("/completion/finalScope", Value::from("118 亩")),
        ("/completion/finalValue/amount", Value::from(575_000)),
        (
            "/social/consultationMeetings/0/date",
            Value::from("2025-02-20T00:00:00+08:00"),
        ),
        (
            "/benefits/0/beneficiaries/0/numberOfPeople",
            Value::from(152),
        ),
    ] {
        assert_eq!(at(path), stands, "{path}");
    }
    let summary = at("/contractingProcesses/0/summary");
    let at = |path: &str| summary.pointer(path).cloned().unwrap_or_default();
    for (path, stands) in [
        ("/status", Value::from("closed")),
        ("/tender/procurementMethod", Value::from("limited")),
        (
            "/tender/procurementMethodDetails",
            Value::from("竞争性磋商"),
        ),
        // Of three bids one was withdrawn, and one was a person's, who is counted only.
        ("/tender/numberOfTenderers", Value::from(2)),
        ("/suppliers/0/id", Value::from("CN-USCC-91510823MA62K1XY7N")),
        ("/contractValue/amount", Value::from(580_000)),
        // Its code is filed beside the contract, and not here.
        (
            "/transactions/0/payee/name",
            Value::from("示例县柿子湾建设有限公司"),
        ),
        ("/transactions/1/value/amount", Value::from(90_000)),
        ("/transactions/1/payee", Value::Null),
        ("/finance/0/value/amount", Value::from(29_000)),
        ("/documents/0/title", Value::from("PZ-1")),
    ] {
        assert_eq!(at(path), stands, "{path}");
    }
    assert_eq!(summary["tender"]["tenderers"].as_array().unwrap().len(), 1);
    references_are_parties(project);
    let roles = |name: &str| -> Vec<Value> {
        let parties = project["parties"].as_array().unwrap().iter();
        let named = parties.filter(|party| party["name"] == name);
        named.map(|party| party["roles"].clone()).collect()
    };
    // With its code where it is filed with it, and without.
    assert_eq!(
        roles("示例县柿子湾建设有限公司"),
        [
            serde_json::json!(["tenderer", "payee"]),
            serde_json::json!(["supplier"])
        ]
    );
    assert_eq!(
        roles("柿子湾村村民委员会"),
        [serde_json::json!([
            "publicAuthority",
            "upkeepBody",
            "procuringEntity"
        ])]
    );
    let text = package.to_string();
    for nobody in [
        "王桂香",
        "阿依古丽",
        // Typed where the form asks for a body.
        "李国强",
        "赵春生",
        "person/",
        "个人",
        "510823196503070025",
        "6228480402564890018",
    ] {
        assert!(!text.contains(nobody), "{nobody}");
    }
}

#[test]
fn the_public_sees_what_the_declaration_says_is_public() {
    let node = Node::new();
    node.file("99010120250001", full(), CLERK).unwrap();
    let package = exported(&node, Scope::Public);
    check_package(&package);
    let text = package.to_string();
    // Positions, bids, payments, approvals, photos, resolutions.
    for hidden in [
        "geometry",
        "105.5",
        "tenderers",
        "transactions",
        "示例县农业农村局",
        "001.jpg",
        "PZ-1",
        "consultation",
        "payee",
        "退出",
        "财政局",
        "benefits",
        "finalValue",
    ] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let project = &package["projects"][0];
    for shown in [
        "/title",
        "/locations/0/gazetteer",
        "/budget/amount",
        "/budget/approvalDate",
        "/period/startDate",
        "/milestones/1",
        "/completion/endDate",
        "/completion/finalScope",
        "/metrics/0/observations/0/value",
        "/contractingProcesses/0/summary/suppliers/0",
        "/contractingProcesses/0/summary/contractValue",
    ] {
        assert!(project.pointer(shown).is_some(), "{shown}");
    }
}

#[test]
fn markup_formulas_and_scripts_of_every_kind_stay_text() {
    let node = Node::new();
    let odd = "=1+1 <script>\"'\\ \u{0}ئۇيغۇر 🏔️\u{2028}";
    let edit = [
        "name",
        "address",
        "owner_name",
        "approval_number",
        "contractor_name",
    ]
    .into_iter()
    .fold(Edit::default(), |edit, column| edit.with(column, odd))
    .with_row("progress", 1, [("percent", "40"), ("note", odd)]);
    node.file("99010120250001", edit, CLERK).unwrap();
    node.file("99010120250002", Edit::default(), CLERK).unwrap();
    let package = exported(&node, Scope::Everything);
    check_package(&package);
    assert_eq!(package["projects"].as_array().unwrap().len(), 2);
    let title = package["projects"][0]["title"].as_str().unwrap();
    assert!(title.contains("<script>") && title.contains("🏔️"));
}

#[test]
fn a_project_that_is_struck_off_the_list_says_how_it_ended() {
    let node = Node::new();
    let code = |number: u32| format!("9901012025000{number}");
    let finished = Edit::default().with("finish_date", "2025-09-01");
    let gone = finished
        .clone()
        .with_row(
            "upkeep_checks",
            1,
            [("date", "2025-12-01"), ("state", "gone")],
        )
        .with_row(
            "upkeep_checks",
            2,
            [("date", "2025-10-01"), ("state", "good")],
        );
    let mended = finished
        .clone()
        .with_row(
            "upkeep_checks",
            1,
            [("date", "2025-10-01"), ("state", "gone")],
        )
        .with_row(
            "upkeep_checks",
            2,
            [("date", "2025-12-01"), ("state", "good")],
        );
    for (number, edit) in (1..).zip([Edit::default(), finished, gone, mended]) {
        let id = node.file(&code(number), edit, CLERK).unwrap();
        let to = kandeng_supervise::project::MoveStage {
            filing: node.declared().filing,
            stage: "closed".to_owned(),
            reason: None,
        };
        node.carry_out::<kandeng_supervise::project::Project, _>(id, to, &node.cx(CLERK))
            .unwrap();
    }
    for (scope, statuses) in [
        (
            Scope::Everything,
            ["cancelled", "completion", "decommissioned", "completion"],
        ),
        // The looks at it are not for the public, and nothing is concluded from them.
        (
            Scope::Public,
            ["cancelled", "completion", "completion", "completion"],
        ),
    ] {
        let package = exported(&node, scope);
        check_package(&package);
        let projects = package["projects"].as_array().unwrap();
        for (number, status) in (1..).zip(statuses) {
            let id = format!("oc4ids-bu3kcz-{}", code(number));
            let project = projects
                .iter()
                .find(|project| project["id"] == *id)
                .unwrap();
            assert_eq!(project["status"], status, "{id}");
            let stage = project["additionalClassifications"].as_array().unwrap();
            assert!(
                stage
                    .iter()
                    .any(|one| one["scheme"] == "project-stage" && one["id"] == "closed")
            );
        }
    }
}
