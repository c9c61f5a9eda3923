//! Items filed and changed: history, conflicts, what is personal, whatever was typed.

use kandeng_platform::Answer;
use kandeng_platform::vault::Reference;
use kandeng_supervise::draft::{DeskSettings, DraftDesk, Filed as _};
use kandeng_supervise::packs;
use kandeng_supervise::project::{
    Edit, Filter, MoveStage, OtherFilings, Project, WithdrawProject, draft, history, list,
    versions_of,
};

use crate::support::{AS_OF, CLERK, Node, OTHER_CLERK, block_on, refusal};

const CODE: &str = "99010120250001";

fn walnuts() -> Edit {
    Edit::default()
        .with("name", "柿子湾村核桃种植项目")
        .with("kind", "产业发展")
        .with("village_code", "990101001201")
        .with("owner_name", "柿子湾村村民委员会")
        .with("scale", "120亩")
        .with("approved_budget", "60万元")
        .with_row(
            "payments",
            1,
            [
                ("date", "2025/7/5"),
                ("amount", "29万元"),
                ("voucher", "PZ-1"),
            ],
        )
}

#[test]
fn what_is_filed_is_on_its_page_and_in_the_list() {
    let node = Node::new();
    let id = node.file(CODE, walnuts(), CLERK).unwrap();
    let page = node.page(id);
    assert_eq!(page.filed.fields["scale"], "120亩");
    let row = &page.row;
    assert_eq!(row.name.as_deref(), Some("柿子湾村核桃种植项目"));
    assert_eq!(row.kind.as_deref(), Some("industry"));
    assert_eq!(
        (row.budget_fen, row.paid_fen),
        (Some(60_000_000), 29_000_000)
    );
    assert_eq!(
        (row.jurisdiction.as_str(), row.township.as_deref()),
        ("990101001201", Some("990101001"))
    );
    // A payment shows that it is being built.
    assert_eq!(row.stage, "building");
    assert_eq!(page.progress["profile"].filled, 6);
    assert_eq!(page.progress["profile"].required, 6);
    // The three items about bids are for tenders only.
    assert_eq!(page.progress["tendering"].apply, 3);
    let seen = |filter: Filter| node.platform.query(|of| list(of, &filter, 0, 10)).unwrap();
    let within = |code: &str| Filter {
        within: vec![code.to_owned()],
        ..Filter::default()
    };
    assert_eq!(seen(within("990101")).rows, std::slice::from_ref(&page.row));
    assert_eq!(seen(within("990102")).total, 0);
    assert_eq!(seen(Filter::default()).total, 0);
    for text in ["核桃", "990101"] {
        let filter = Filter {
            text: Some(text.to_owned()),
            ..within("99")
        };
        assert_eq!(seen(filter).total, 1, "{text}");
    }
    let filter = Filter {
        text: Some("20250001".to_owned()),
        ..within("99")
    };
    assert_eq!(seen(filter).total, 0);
    let filter = Filter {
        stage: Some("building".to_owned()),
        year: Some(2025),
        ..within("99")
    };
    assert_eq!(seen(filter).total, 1);
}

#[test]
fn a_list_is_shown_page_by_page() {
    let node = Node::new();
    for number in 1..=7 {
        let code = format!("9901012025{number:04}");
        node.file(&code, walnuts(), CLERK).unwrap();
    }
    let filter = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    let codes = |from| -> Vec<String> {
        let page = node
            .platform
            .query(|of| list(of, &filter, from, 3))
            .unwrap();
        assert_eq!(page.total, 7);
        page.rows
            .into_iter()
            .map(|row| row.code[10..].to_owned())
            .collect()
    };
    assert_eq!(codes(0), ["0001", "0002", "0003"]);
    assert_eq!(codes(6), ["0007"]);
    assert!(codes(9).is_empty());
}

#[test]
fn a_code_is_one_projects_until_that_is_withdrawn() {
    let node = Node::new();
    let first = node.file(CODE, walnuts(), CLERK).unwrap();
    let taken = node.file(CODE, walnuts(), OTHER_CLERK).unwrap_err();
    assert_eq!(refusal(taken).code, "value-taken");
    let withdraw = WithdrawProject {
        id: first,
        reason: "重复".to_owned(),
    };
    node.carry_out::<Project, _>(first, withdraw, &node.cx(CLERK))
        .unwrap();
    let second = node.file(CODE, walnuts(), OTHER_CLERK).unwrap();
    assert!(node.page(first).row.withdrawn);
    assert!(!node.page(second).row.withdrawn);
    let gone = node.change(&node.page(first), Edit::default().with("name", "x"), CLERK);
    assert_eq!(refusal(gone.unwrap_err()).code, "project-withdrawn");
}

#[test]
fn the_second_of_two_clerks_sees_the_firsts_value_and_chooses() {
    let node = Node::new();
    let id = node.file(CODE, walnuts(), CLERK).unwrap();
    let seen = node.page(id);
    node.change(&seen, Edit::default().with("owner_name", "甲公司"), CLERK)
        .unwrap();
    // Another item is in nobody's way.
    node.change(&seen, Edit::default().with("scale", "130亩"), OTHER_CLERK)
        .unwrap();
    // Nor is the same value.
    let same = node.change(
        &seen,
        Edit::default().with("owner_name", "甲公司"),
        OTHER_CLERK,
    );
    assert_eq!(same.unwrap(), Answer::Nothing);
    let late = node.change(
        &seen,
        Edit::default().with("owner_name", "乙公司"),
        OTHER_CLERK,
    );
    let late = refusal(late.unwrap_err());
    assert_eq!(late.code, "changed-meanwhile");
    assert!(late.text.zh.contains("实施单位") && late.text.en.contains("Implementing body"));
    let filing = node.declared().filing;
    let held = node
        .platform
        .query(|of| versions_of(of, &filing, id, &seen.based_on()))
        .unwrap();
    let owner = held.iter().find(|held| held.item == "owner").unwrap();
    assert_eq!(owner.standing.by, CLERK);
    let cells: Vec<_> = owner
        .cells
        .iter()
        .map(|cell| (&cell.row, cell.column.as_str(), cell.typed.as_str()))
        .collect();
    assert_eq!(cells, [(&None, "owner_name", "甲公司")]);
    // Having seen it, the second may decide for the own value.
    let again = node.change(
        &node.page(id),
        Edit::default().with("owner_name", "乙公司"),
        OTHER_CLERK,
    );
    again.unwrap();
    assert_eq!(node.page(id).filed.fields["owner_name"], "乙公司");
}

#[test]
fn every_item_tells_who_changed_it_when_from_what_to_what() {
    let node = Node::new();
    let id = node.file(CODE, walnuts(), CLERK).unwrap();
    node.change(
        &node.page(id),
        Edit::default().with("approved_budget", "600000"),
        OTHER_CLERK,
    )
    .unwrap();
    node.change(
        &node.page(id),
        Edit::default().without_row("payments", 1),
        CLERK,
    )
    .unwrap();
    let edit = Edit::default().with_row("payments", 1, [("amount", "5")]);
    node.change(&node.page(id), edit, CLERK).unwrap();
    let filing = node.declared().filing;
    let budget = history(&node.platform, &filing, id, "approved_budget").unwrap();
    let told: Vec<_> = budget
        .iter()
        .map(|change| (change.by, change.from.as_deref(), change.to.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (CLERK, None, Some("60万元")),
            (OTHER_CLERK, Some("60万元"), Some("600000"))
        ]
    );
    assert!(budget[0].at < budget[1].at);
    let payments = history(&node.platform, &filing, id, "payments").unwrap();
    let gone = payments
        .iter()
        .find(|change| change.column == "amount" && change.to.is_none());
    assert_eq!(gone.unwrap().from.as_deref(), Some("29万元"));
    // A number that was once a row's is never another's.
    let last = payments.last().unwrap();
    assert_eq!(last.row, Some(("payments".to_owned(), 2)));
}

#[test]
fn whatever_was_typed_survives_and_is_told_where_it_cannot_be_read() {
    let node = Node::new();
    let long = "ئۇيغۇر🏔️\u{200d}核桃\n\"".repeat(1_000);
    let filing = node.declared().filing;
    let mut edit = Edit::default();
    for column in &filing.sheets[0].columns {
        if !["project_code", "stage"].contains(&column.key.as_str()) {
            edit = edit.with(&column.key, &long);
        }
    }
    let id = node.file(CODE, edit, CLERK).unwrap();
    let page = node.page(id);
    assert_eq!(page.filed.fields.len(), filing.sheets[0].columns.len() - 2);
    assert!(page.filed.fields.values().all(|typed| *typed == long));
    assert_eq!(page.row.budget_fen, None);
    let draft = node.platform.query(|of| draft(of, id)).unwrap().unwrap();
    let pack = packs::county(&filing, &[]).unwrap();
    let desk = DraftDesk::open(DeskSettings::new(node.key.clone()), pack, AS_OF).unwrap();
    let others = OtherFilings::but(&node.platform, Some(id));
    let checked = desk.check(&draft.draft, AS_OF, Some(&others)).unwrap();
    let unread = |column: &str| {
        checked
            .notes
            .iter()
            .any(|note| note.place.column.as_deref() == Some(column))
    };
    assert!(unread("approved_budget") && unread("approval_date") && !unread("name"));
}

#[test]
fn another_filings_voucher_and_code_are_found() {
    let node = Node::new();
    let id = node.file(CODE, walnuts(), CLERK).unwrap();
    let others = OtherFilings::but(&node.platform, None);
    assert!(others.has_code(CODE));
    let payments = others.payments(&["PZ-1", "PZ-2"]);
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0].amount_fen, Some(29_000_000));
    let own = OtherFilings::but(&node.platform, Some(id));
    assert!(!own.has_code(CODE) && own.payments(&["PZ-1"]).is_empty());
}

#[test]
fn numbers_become_hashes_and_names_of_people_go_into_the_vault() {
    let node = Node::new();
    let number = "11010519491231002X";
    let edit = walnuts()
        .with("address", "三组,联系人11010519491231002X")
        .with_row(
            "payments",
            2,
            [
                ("payee_name", "王桂香"),
                ("payee_id", number),
                ("account", "6222 0200 1234 5678 900"),
            ],
        );
    let id = node.file(CODE, edit, CLERK).unwrap();
    let everything = node.everything();
    // Of the account more than four digits: those stand in some hash by chance.
    for secret in [number, "王桂香", "6222 0200", "62220200", "1234567"] {
        assert!(!everything.contains(secret), "{secret}");
    }
    let page = node.page(id);
    let payment = &page.filed.lists["payments"][&2];
    assert_eq!(payment["payee_id"], node.key.hash(number));
    let mark = &payment["payee_name"];
    assert_eq!(page.shown(mark), "个人 A");
    let reference = page.reference(mark).unwrap();
    let cx = node.cx(CLERK);
    let opened = node
        .platform
        .open_value(&node.vault, Reference(reference), "核对", &cx);
    assert_eq!(block_on(opened).unwrap().as_deref(), Some("王桂香"));
    // A form shows the letter and sends it back.
    let back = Edit::default().with_row(
        "payments",
        2,
        [("payee_name", "个人 A"), ("payee_id", &payment["payee_id"])],
    );
    assert_eq!(node.change(&page, back, CLERK).unwrap(), Answer::Nothing);
    // Another filing that names the same person has the same mark and the same reference.
    let edit = Edit::default().with_row(
        "payments",
        1,
        [("payee_name", "王桂香"), ("payee_id", number)],
    );
    let other = node.page(node.file("99010120250002", edit, CLERK).unwrap());
    assert_eq!(&other.filed.lists["payments"][&1]["payee_name"], mark);
    assert_eq!(other.reference(mark), Some(reference));
}

#[test]
fn a_stage_goes_forward_freely_and_back_with_a_reason() {
    let node = Node::new();
    let id = node.file(CODE, Edit::default(), CLERK).unwrap();
    let to = |stage: &str, reason: Option<&str>| {
        let to = MoveStage {
            filing: node.declared().filing,
            stage: stage.to_owned(),
            reason: reason.map(str::to_owned),
        };
        node.carry_out::<Project, _>(id, to, &node.cx(CLERK))
    };
    assert_eq!(node.page(id).row.stage, "filed");
    to("accepted", None).unwrap();
    assert_eq!(node.page(id).row.stage, "accepted");
    assert_eq!(node.page(id).progress["acceptance"].required, 6);
    assert_eq!(
        refusal(to("building", Some(" ")).unwrap_err()).code,
        "no-reason"
    );
    assert_eq!(
        refusal(to("nowhere", None).unwrap_err()).code,
        "unknown-stage"
    );
    to("building", Some("验收撤销")).unwrap();
    assert_eq!(node.page(id).row.stage, "building");
}

#[test]
fn nothing_is_filled_in_that_is_not_declared() {
    let node = Node::new();
    for edit in [
        Edit::default().with("nothing", "1"),
        Edit::default().with("stage", "closed"),
        Edit::default().with("project_code", "1"),
        Edit::default().with_row("companies", 1, [("name", "1")]),
        Edit::default().with_row("payments", 1, [("project_code", "1")]),
    ] {
        let refused = node.file(CODE, edit, CLERK).unwrap_err();
        assert_eq!(refusal(refused).code, "unknown-item");
    }
    let long = Edit::default().with("name", &"长".repeat(200_000));
    assert_eq!(
        refusal(node.file(CODE, long, CLERK).unwrap_err()).code,
        "too-long"
    );
    assert_eq!(
        refusal(node.file(" ", walnuts(), CLERK).unwrap_err()).code,
        "no-code"
    );
}
