//! Three levels vouch for a category, each for what it looked at, nobody for two.

use kandeng_platform::{Answer, CommandError};
use kandeng_supervise::project::{
    Edit, Level, Looked, Project, ReturnCategory, SignCategory, Signature, SubmitCategory,
    WithdrawProject,
};
use uuid::Uuid;

use crate::support::{CLERK, DEPARTMENT, Node, OTHER_CLERK, REVIEWER, refusal};

const CODE: &str = "99010120250001";

struct Desk {
    node: Node,
    id: Uuid,
}

impl Desk {
    fn new() -> Self {
        let node = Node::new();
        let edit = Edit::default()
            .with("approval_number", "1号")
            .with("name", "核桃");
        let id = node.file(CODE, edit, CLERK).unwrap();
        Self { node, id }
    }

    fn edition(&self) -> u32 {
        self.node.page(self.id).row.edition
    }

    fn looked() -> Looked {
        Looked {
            items: vec!["approval_number".to_owned()],
            evidence: vec!["ab".repeat(32)],
        }
    }

    fn submit(&self, by: Uuid, edition: u32) -> Result<Answer, CommandError> {
        let submit = SubmitCategory {
            filing: self.node.declared().filing,
            category: "approval".to_owned(),
            edition,
            looked: Self::looked(),
        };
        self.node
            .carry_out::<Project, _>(self.id, submit, &self.node.cx(by))
    }

    fn sign(&self, level: Level, by: Uuid, edition: u32) -> Result<Answer, CommandError> {
        let sign = SignCategory {
            filing: self.node.declared().filing,
            category: "approval".to_owned(),
            level,
            edition,
            looked: Self::looked(),
        };
        self.node
            .carry_out::<Project, _>(self.id, sign, &self.node.cx(by))
    }

    fn give_back(&self, level: Level, by: Uuid, reason: &str) -> Result<Answer, CommandError> {
        let give_back = ReturnCategory {
            filing: self.node.declared().filing,
            category: "approval".to_owned(),
            level,
            edition: self.edition(),
            reason: reason.to_owned(),
        };
        self.node
            .carry_out::<Project, _>(self.id, give_back, &self.node.cx(by))
    }

    fn change(&self, column: &str, typed: &str, by: Uuid) -> Result<Answer, CommandError> {
        let page = self.node.page(self.id);
        self.node
            .change(&page, Edit::default().with(column, typed), by)
    }

    fn signatures(&self) -> Vec<Signature> {
        self.node.page(self.id).signatures
    }

    fn stands(&self) -> Vec<bool> {
        self.signatures()
            .iter()
            .map(|signature| signature.stands)
            .collect()
    }
}

#[test]
fn village_township_and_department_vouch_in_this_order_for_what_they_looked_at() {
    let desk = Desk::new();
    let early = desk.sign(Level::Township, REVIEWER, 1).unwrap_err();
    assert_eq!(refusal(early).code, "not-vouched-below");
    desk.submit(CLERK, 1).unwrap();
    // Once is enough.
    assert_eq!(desk.submit(CLERK, 1).unwrap(), Answer::Nothing);
    let early = desk.sign(Level::Department, DEPARTMENT, 1).unwrap_err();
    assert_eq!(refusal(early).code, "not-vouched-below");
    desk.sign(Level::Township, REVIEWER, 1).unwrap();
    desk.sign(Level::Department, DEPARTMENT, 1).unwrap();
    let signatures = desk.signatures();
    let by: Vec<_> = signatures
        .iter()
        .map(|signature| (signature.level, signature.by, signature.edition))
        .collect();
    assert_eq!(
        by,
        [
            (Level::Village, CLERK, 1),
            (Level::Township, REVIEWER, 1),
            (Level::Department, DEPARTMENT, 1)
        ]
    );
    assert_eq!(signatures[1].looked, Desk::looked());
    assert_eq!(desk.stands(), [true; 3]);
}

#[test]
fn a_change_after_a_signature_shows_and_every_level_signs_anew() {
    let desk = Desk::new();
    desk.submit(CLERK, 1).unwrap();
    desk.sign(Level::Township, REVIEWER, 1).unwrap();
    // Another category is no concern of theirs.
    desk.change("name", "核桃二期", CLERK).unwrap();
    assert_eq!(desk.stands(), [true, true]);
    desk.change("approval_number", "2号", OTHER_CLERK).unwrap();
    assert!(
        desk.signatures()
            .iter()
            .all(|signature| signature.changed_after)
    );
    let unseen = desk.sign(Level::Township, REVIEWER, 2).unwrap_err();
    assert_eq!(refusal(unseen).code, "changed-since-looked");
    let unsubmitted = desk.sign(Level::Township, REVIEWER, 3).unwrap_err();
    assert_eq!(refusal(unsubmitted).code, "not-vouched-below");
    desk.submit(OTHER_CLERK, 3).unwrap();
    desk.sign(Level::Township, REVIEWER, 3).unwrap();
    assert_eq!(desk.stands(), [false, false, true, true]);
    let ahead = desk.sign(Level::Department, DEPARTMENT, 4).unwrap_err();
    assert_eq!(refusal(ahead).code, "changed-since-looked");
}

#[test]
fn what_is_given_back_is_handed_in_again() {
    let desk = Desk::new();
    let nothing = desk
        .give_back(Level::Township, REVIEWER, "缺附件")
        .unwrap_err();
    assert_eq!(refusal(nothing).code, "not-submitted");
    desk.submit(CLERK, 1).unwrap();
    assert_eq!(
        refusal(desk.give_back(Level::Township, REVIEWER, " ").unwrap_err()).code,
        "no-reason"
    );
    desk.sign(Level::Township, REVIEWER, 1).unwrap();
    desk.give_back(Level::Department, DEPARTMENT, "缺附件")
        .unwrap();
    assert_eq!(desk.stands(), [false; 3]);
    assert_eq!(desk.signatures()[2].returned.as_deref(), Some("缺附件"));
    let township = desk.sign(Level::Township, REVIEWER, 1).unwrap_err();
    assert_eq!(refusal(township).code, "not-vouched-below");
    desk.submit(CLERK, 1).unwrap();
    desk.sign(Level::Township, REVIEWER, 1).unwrap();
    desk.sign(Level::Department, DEPARTMENT, 1).unwrap();
    assert_eq!(desk.stands(), [false, false, false, true, true, true]);
}

#[test]
fn nobody_acts_for_two_levels_of_one_filing() {
    let desk = Desk::new();
    desk.submit(OTHER_CLERK, 1).unwrap();
    // Who filed, and who handed in, signs nothing above.
    for by in [CLERK, OTHER_CLERK] {
        for level in [Level::Township, Level::Department] {
            let refused = desk.sign(level, by, 1).unwrap_err();
            assert_eq!(refusal(refused).code, "another-level");
        }
        let refused = desk.give_back(Level::Township, by, "不妥").unwrap_err();
        assert_eq!(refusal(refused).code, "another-level");
    }
    desk.sign(Level::Township, REVIEWER, 1).unwrap();
    assert_eq!(
        refusal(desk.sign(Level::Department, REVIEWER, 1).unwrap_err()).code,
        "another-level"
    );
    // Nor does who signed change what was signed.
    assert_eq!(
        refusal(desk.change("approval_number", "3号", REVIEWER).unwrap_err()).code,
        "another-level"
    );
    let withdraw = WithdrawProject {
        id: desk.id,
        reason: "重复".to_owned(),
    };
    let refused = desk
        .node
        .carry_out::<Project, _>(desk.id, withdraw, &desk.node.cx(CLERK));
    assert_eq!(refusal(refused.unwrap_err()).code, "acted-on-above");
}

#[test]
fn an_empty_or_unknown_category_is_vouched_for_by_nobody() {
    let desk = Desk::new();
    for (category, code) in [
        ("upkeep", "empty-category"),
        ("nothing", "unknown-category"),
    ] {
        let submit = SubmitCategory {
            filing: desk.node.declared().filing,
            category: category.to_owned(),
            edition: 1,
            looked: Looked::default(),
        };
        let refused = desk
            .node
            .carry_out::<Project, _>(desk.id, submit, &desk.node.cx(CLERK));
        assert_eq!(refusal(refused.unwrap_err()).code, code);
    }
}
