//! A county that is kept while filings change is what one is that is read afresh, and reads no more than what changed.

use std::sync::Arc;

use kandeng_ledger::{Occasion, Part};
use kandeng_platform::{Answer, Clock as _, CommandError};
use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_supervise::project::{
    County, Edit, Looked, MoveStage, Project, SubmitCategory, WithdrawProject,
};
use kandeng_supervise::synth::Format;
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{CLERK, Node, block_on, synthetic};

/// What somebody does to the project of that place among all that were ever filed.
#[derive(Clone, Copy, Debug)]
enum Act {
    File,
    Type(usize, u32),
    AddRow(usize, u32),
    StrikeRow(usize, u32),
    Withdraw(usize),
    Submit(usize),
    MoveStage(usize),
    /// The newest event of the project, or an earlier one, is erased from the ledger.
    Erase(usize, usize),
}

fn acts() -> impl Strategy<Value = Act> {
    let project = 0..12_usize;
    prop_oneof![
        4 => Just(Act::File),
        4 => (project.clone(), 0..3_u32).prop_map(|(of, what)| Act::Type(of, what)),
        4 => (project.clone(), 1..4_u32).prop_map(|(of, row)| Act::AddRow(of, row)),
        2 => (project.clone(), 1..4_u32).prop_map(|(of, row)| Act::StrikeRow(of, row)),
        1 => project.clone().prop_map(Act::Withdraw),
        2 => project.clone().prop_map(Act::Submit),
        1 => project.clone().prop_map(Act::MoveStage),
        1 => (project, 0..3_usize).prop_map(|(of, back)| Act::Erase(of, back)),
    ]
}

struct House {
    node: Node,
    filed: Vec<Uuid>,
}

impl House {
    fn read(&self) -> County {
        let filing = self.node.declared().filing;
        County::read(&self.node.platform, &filing, &self.node.key, None).unwrap()
    }

    /// Whether it may be done is no matter here: what matters is what stands afterwards.
    fn act(&mut self, act: Act) {
        let done = match act {
            Act::File => {
                let code = format!("9901012025{:04}", self.filed.len());
                let edit = Edit::default().with("name", "核桃").with_row(
                    "payments",
                    1,
                    [("date", "2025-07-05"), ("amount", "7")],
                );
                let id = self.node.file(&code, edit, CLERK).unwrap();
                self.filed.push(id);
                return;
            }
            Act::Type(of, what) => {
                let edit = match what {
                    0 => Edit::default().with("contract_amount", "600000"),
                    1 => Edit::default().with("contract_amount", ""),
                    _ => Edit::default().with("name", "渠"),
                };
                self.change(of, edit)
            }
            Act::AddRow(of, row) => {
                let photo = [("taken_at", "2025-07-05 10:00"), ("file", "001.jpg")];
                let edit = Edit::default()
                    .with_row("payments", row, [("amount", "29000"), ("voucher", "PZ-1")])
                    .with_row("photos", row, photo);
                self.change(of, edit)
            }
            Act::StrikeRow(of, row) => {
                self.change(of, Edit::default().without_row("payments", row))
            }
            Act::Withdraw(of) => self.carry_out(of, |id| WithdrawProject {
                id,
                reason: "重复".to_owned(),
            }),
            Act::Submit(of) => {
                let filing = self.node.declared().filing;
                let pages = self.filed.get(of).and_then(|id| self.page(*id));
                self.carry_out(of, |_| SubmitCategory {
                    filing,
                    category: "approval".to_owned(),
                    edition: pages.map_or(0, |page| page.row.edition),
                    looked: Looked {
                        items: Vec::new(),
                        evidence: Vec::new(),
                    },
                })
            }
            Act::MoveStage(of) => {
                let filing = self.node.declared().filing;
                self.carry_out(of, |_| MoveStage {
                    filing,
                    stage: "approved".to_owned(),
                    reason: None,
                })
            }
            Act::Erase(of, back) => return self.erase(of, back),
        };
        match done {
            None | Some(Ok(_)) => {}
            Some(Err(CommandError::Refused(refusal))) => {
                assert!(!refusal.code.starts_with("unknown"), "{act:?}: {refusal:?}");
            }
            Some(Err(error)) => panic!("{act:?}: {error}"),
        }
    }

    fn page(&self, id: Uuid) -> Option<kandeng_supervise::project::ProjectPage> {
        let filing = self.node.declared().filing;
        let page = |of: &_| kandeng_supervise::project::page(of, &filing, id);
        self.node.platform.query(page).unwrap()
    }

    fn change(&self, of: usize, edit: Edit) -> Option<Result<Answer, CommandError>> {
        let page = self.page(*self.filed.get(of)?)?;
        Some(self.node.change(&page, edit, CLERK))
    }

    fn carry_out<C: Clone>(
        &self,
        of: usize,
        command: impl FnOnce(Uuid) -> C,
    ) -> Option<Result<Answer, CommandError>>
    where
        Project: kandeng_platform::Decide<C>,
    {
        let id = *self.filed.get(of)?;
        let cx = self.node.cx(CLERK);
        Some(self.node.carry_out::<Project, _>(id, command(id), &cx))
    }

    fn erase(&self, of: usize, back: usize) {
        let Some(id) = self.filed.get(of) else { return };
        let ledger = self.node.platform.ledger();
        let size = ledger.checkpoint().unwrap().size;
        let events = (0..size).flat_map(|from| ledger.read_from(from, 1).unwrap());
        let of_it = events
            .filter(|event| event.stream.kind() == "project" && event.stream.id() == *id)
            .filter(|event| event.payload.is_some());
        let positions: Vec<u64> = of_it.map(|event| event.position).collect();
        let Some(position) = positions.iter().rev().nth(back) else {
            return;
        };
        let occasion = Occasion {
            at: self.node.clock.now(),
            actor: CLERK,
            jurisdiction: "990101".to_owned(),
            command: None,
        };
        let erase = ledger.erase(occasion, *position, Part::Payload, "asked");
        block_on(erase).unwrap();
    }
}

fn batch(county: &County, name: &str) -> RecordBatch {
    let source = county.tables.get(name).unwrap();
    let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
    let batches: Vec<_> = source.read(&columns).unwrap().map(Result::unwrap).collect();
    concat_batches(&source.schema(), &batches).unwrap()
}

fn assert_same(kept: &County, fresh: &County) {
    let names: Vec<&str> = fresh.tables.names().collect();
    assert_eq!(kept.tables.names().collect::<Vec<_>>(), names);
    for name in names {
        let (one, other) = (batch(kept, name), batch(fresh, name));
        assert_eq!(one, other, "{name}");
        for row in 0..=one.num_rows() as i64 + 1 {
            assert_eq!(kept.place(name, row), fresh.place(name, row), "{name}");
        }
    }
    assert_eq!(kept.position, fresh.position);
    assert_eq!(kept.len(), fresh.len());
    assert!(kept.codes().eq(fresh.codes()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_happens_a_kept_county_is_what_a_fresh_one_is(
        turns in prop::collection::vec(prop::collection::vec(acts(), 0..4), 1..12)
    ) {
        let mut house = House { node: Node::new(), filed: Vec::new() };
        for _ in 0..4 {
            house.act(Act::File);
        }
        let mut kept = house.read();
        for acts in turns {
            for act in acts {
                house.act(act);
            }
            kept = kept.renewed(&house.node.platform).unwrap();
            assert_same(&kept, &house.read());
        }
    }
}

#[test]
fn an_edit_reads_its_own_project_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::new();
    node.take(&node.plan(&synthetic(60, 4, Format::Xlsx, folder.path())));
    let mut house = House {
        node,
        filed: Vec::new(),
    };
    let kept = house.read();
    assert_eq!(kept.read, kept.len());
    let kept = kept.renewed(&house.node.platform).unwrap();
    assert_eq!(kept.read, 0);
    let (id, ..) = kept.place("projects", 20).unwrap();
    house.filed.push(id);
    house.act(Act::AddRow(0, 900));
    let kept = kept.renewed(&house.node.platform).unwrap();
    assert_eq!(kept.read, 1);
    assert_same(&kept, &house.read());
    // A new one, too, and both together.
    house.act(Act::File);
    house.act(Act::Type(0, 0));
    let kept = kept.renewed(&house.node.platform).unwrap();
    assert_eq!(kept.read, 2);
    assert_same(&kept, &house.read());
    // Tables in which nothing of them stands are not even copied.
    let dates = |county: &County| {
        let source = county.tables.get("inspections").unwrap();
        let date = source.schema().index_of("date").unwrap();
        let batches: Vec<_> = source.read(&[date]).unwrap().map(Result::unwrap).collect();
        let [batch] = batches.as_slice() else {
            panic!("several")
        };
        Arc::clone(batch.column(0))
    };
    let before = dates(&kept);
    house.act(Act::Type(1, 0));
    let kept = kept.renewed(&house.node.platform).unwrap();
    assert!(Arc::ptr_eq(&before, &dates(&kept)));
}

#[test]
fn what_was_erased_from_the_ledger_is_known_to_stand_in_a_kept_county_still() {
    let mut house = House {
        node: Node::new(),
        filed: Vec::new(),
    };
    house.act(Act::File);
    house.act(Act::File);
    house.act(Act::Type(0, 0));
    house.act(Act::Type(1, 0));
    let kept = house.read();
    assert!(!kept.outlives(&house.node.platform).unwrap());
    house.act(Act::Erase(0, 0));
    assert!(kept.outlives(&house.node.platform).unwrap());
    let kept = kept.renewed(&house.node.platform).unwrap();
    assert_eq!(kept.read, 2);
    assert!(!kept.outlives(&house.node.platform).unwrap());
    assert_same(&kept, &house.read());
}
