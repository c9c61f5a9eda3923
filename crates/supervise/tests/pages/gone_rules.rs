//! A doubt outlives its rule: what rests on a register is held back also when the rule is in no pack any more.

use kandeng_platform::Text;
use kandeng_platform::account::Role;
use kandeng_platform::flag::{RuleRun, Sweep};

use super::County;
use super::filters::{doubt, filed};
use super::support::block_on;

const CODE: &str = "99012120260001";
const SENTENCE: &str = "负责人与名册第七行同名";

/// A doubt of a rule that the county's pack does not have.
fn of(rule: &str, registers: Option<&[&str]>) -> RuleRun {
    let mut run = doubt(rule, "low", CODE, 1_000);
    let found = &mut run.found[0];
    found.fingerprint = format!("{rule}{CODE}");
    found.says = Text::new(format!("{rule}{SENTENCE}"), "as in row seven");
    found.registers =
        registers.map(|registers| registers.iter().map(|name| (*name).to_owned()).collect());
    run
}

#[test]
fn a_doubt_of_a_rule_that_is_gone_is_held_back_unless_it_says_that_no_register_was_read() {
    block_on(async {
        let county = County::new().await;
        filed(&county, CODE, "990121003201", "2025-03-14", None).await;
        let runs = [
            of("X01", Some(&["officials"])),
            of("X02", None),
            of("X03", Some(&[])),
        ];
        let sweep = Sweep::new(county.house.site.platform());
        sweep.take(&runs, &county.house.cx()).await.unwrap();
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        for (rule, is_told) in [("X01", false), ("X02", false), ("X03", true)] {
            let stream: String = county
                .house
                .site
                .platform()
                .query(|of| {
                    let flag = "select stream from flags where rule = ?1";
                    of.query_row(flag, [rule], |row| row.get(0))
                })
                .unwrap();
            let flag = format!("/supervise/flags/{}", &stream["flag/".len()..]);
            for path in [flag, format!("/supervise/desk?rule={rule}")] {
                let shown = officer.get(&path).await.body;
                assert!(shown.contains(CODE), "{path}: {shown}");
                let sentence = format!("{rule}{SENTENCE}");
                assert_eq!(shown.contains(&sentence), is_told, "{path}: {shown}");
            }
        }
    });
}
