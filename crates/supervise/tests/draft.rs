//! A draft at the desk: read as the import reads, answered as the county's run answers.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::{Date, date};
use kandeng_screening::pack::Audience;
use kandeng_screening::{Answer, Prepared, Settings, Tables};
use kandeng_supervise::diagnostic::Severity;
use kandeng_supervise::draft::{
    CheckedDraft, DeskSettings, Draft, DraftDesk, FieldPlace, Filed, FiledPayment,
};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::{self, IdentityKey, ImportOptions};
use kandeng_supervise::packs;
use kandeng_supervise::synth::{self, Format, SYNTHETIC_KEY, SynthOptions};

const AS_OF: Date = date(2026, 6, 30);
const CODE: &str = "99010120250001";

fn desk(registers: Tables) -> DraftDesk {
    let mut settings = DeskSettings::new(IdentityKey::from_bytes(SYNTHETIC_KEY));
    settings.registers = registers;
    let pack =
        packs::county(Filing::embedded(), &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    DraftDesk::open(settings, pack, AS_OF).unwrap()
}

fn check(draft: &Draft) -> CheckedDraft {
    desk(Tables::new()).check(draft, AS_OF, None).unwrap()
}

/// Every rule's answer and the fingerprints of its findings.
type Said = BTreeMap<String, (Option<Answer>, Vec<(String, String)>)>;

fn said(checked: &CheckedDraft) -> Said {
    assert!(checked.failures.is_empty(), "{:?}", checked.failures);
    let mut said = Said::new();
    for answer in &checked.answers {
        said.entry(answer.rule.clone()).or_default().0 = Some(answer.answer);
    }
    for doubt in &checked.doubts {
        let finding = &doubt.finding;
        let told = (finding.key.clone(), finding.fingerprint.clone());
        said.entry(finding.rule.clone()).or_default().1.push(told);
    }
    said
}

fn answer(checked: &CheckedDraft, rule: &str) -> Option<Answer> {
    let answers = checked.answers.iter();
    let mut of_rule = answers.filter(|answer| answer.rule == rule);
    of_rule.next().map(|answer| answer.answer)
}

fn columns(places: &[FieldPlace]) -> Vec<(&str, Option<usize>, Option<&str>)> {
    places
        .iter()
        .map(|place| (place.table.as_str(), place.row, place.column.as_deref()))
        .collect()
}

/// The rows of a file, by column.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A county as text: every filing as it would be typed, and the county's payments.
struct County {
    drafts: BTreeMap<String, Draft>,
    codes: Vec<String>,
    payments: Vec<FiledPayment>,
    folder: tempfile::TempDir,
}

impl County {
    fn new(projects: usize, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SynthOptions::new(projects, seed, AS_OF);
        let never = AtomicBool::new(false);
        synth::write(&options, Format::Csv, folder.path(), |_, _| {}, &never).unwrap();
        let mut drafts = BTreeMap::new();
        let mut owners = BTreeMap::new();
        let mut codes = Vec::new();
        for row in rows(&folder.path().join("projects.csv")) {
            let code = row["project_code"].clone();
            codes.push(code.clone());
            let text = |column: &str| Some(row[column].clone()).filter(|text| !text.is_empty());
            owners.insert(code.clone(), (text("owner_name"), text("owner_uscc")));
            let draft = row.into_iter().fold(Draft::new(), |draft, (column, text)| {
                draft.with(column, text)
            });
            // Of rows with one code the first is the project.
            drafts.entry(code).or_insert(draft);
        }
        let mut payments = Vec::new();
        for sheet in &Filing::embedded().sheets[1..] {
            let path = folder.path().join(format!("{}.csv", sheet.table));
            if !path.exists() {
                continue;
            }
            for row in rows(&path) {
                let code = row["project_code"].clone();
                if sheet.table == "payments" && !row["voucher"].is_empty() {
                    let (owner_name, owner_uscc) = owners.get(&code).cloned().unwrap_or_default();
                    let yuan: f64 = row["amount"].parse().unwrap_or_default();
                    payments.push(FiledPayment {
                        project_code: code.clone(),
                        owner_name,
                        owner_uscc,
                        voucher: row["voucher"].clone(),
                        amount_fen: Some((yuan * 100.0).round() as i64),
                    });
                }
                if let Some(draft) = drafts.remove(&code) {
                    drafts.insert(code, draft.with_row(&*sheet.table, row));
                }
            }
        }
        Self {
            drafts,
            codes,
            payments,
            folder,
        }
    }

    /// The filings without one.
    fn without<'a>(&'a self, code: &'a str) -> Others<'a> {
        Others { county: self, code }
    }
}

struct Others<'a> {
    county: &'a County,
    code: &'a str,
}

impl Filed for Others<'_> {
    fn has_code(&self, code: &str) -> bool {
        let same = self.county.codes.iter().filter(|known| *known == code);
        same.count() > usize::from(code == self.code)
    }

    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment> {
        let all = self.county.payments.iter();
        all.filter(|payment| {
            payment.project_code != self.code && vouchers.contains(&payment.voucher.as_str())
        })
        .cloned()
        .collect()
    }
}

/// What the run over the whole county says of each project, and its registers.
fn screened(county: &County) -> (BTreeMap<String, Said>, Tables) {
    let mut options = ImportOptions::new(IdentityKey::from_bytes(SYNTHETIC_KEY));
    options.as_of = Some(AS_OF);
    let import = import::read(&[county.folder.path().to_owned()], &options).unwrap();
    let filing = Filing::embedded();
    let pack = packs::county(filing, &[]).unwrap();
    let mut settings = Settings::new(AS_OF, Audience::Filer);
    settings.labels = packs::labels(filing);
    let outcome = Prepared::new(&pack, Some(&packs::items(filing)), settings)
        .unwrap()
        .run(&import.tables, &AtomicBool::new(false), &|_, _| {})
        .unwrap();
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for answers in &outcome.answers {
        for (subject, answer) in outcome.answers_by_subject(&answers.rule, "project") {
            let of_rule = said.entry(subject).or_default();
            of_rule.entry(answers.rule.clone()).or_default().0 = Some(answer);
        }
    }
    for finding in outcome.findings() {
        let of_rule = said.entry(finding.subject).or_default();
        let told = (finding.key, finding.fingerprint);
        of_rule.entry(finding.rule).or_default().1.push(told);
    }
    let mut registers = Tables::new();
    for register in &filing.registers {
        if let Some(source) = import.tables.get(&register.table) {
            registers.insert(&*register.table, Arc::clone(source));
        }
    }
    (said, registers)
}

#[test]
fn a_draft_is_told_what_the_countys_run_says_of_the_same_filing() {
    let county = County::new(300, 5);
    let (expected, registers) = screened(&county);
    let desk = desk(registers);
    let mut flagged = BTreeSet::new();
    for (code, draft) in &county.drafts {
        let checked = desk
            .check(draft, AS_OF, Some(&county.without(code)))
            .unwrap();
        assert!(checked.notes.is_empty(), "{code}: {:?}", checked.notes);
        let said = said(&checked);
        // A code that stands twice has no first row here; that it does is told in other figures.
        let codes: Vec<_> = county.codes.iter().filter(|known| *known == code).collect();
        if codes.len() == 1 {
            assert_eq!(said, expected[code], "{code}");
        }
        flagged.extend(checked.doubts.into_iter().map(|doubt| doubt.finding.rule));
    }
    // Whatever a filer may see was found somewhere, or the comparison would say little.
    let rules: BTreeSet<String> = (1..=12).map(|number| format!("Q{number:02}")).collect();
    assert_eq!(flagged, rules);
}

#[test]
fn drafts_checked_side_by_side_do_not_meet() {
    let county = County::new(60, 6);
    let (_, registers) = screened(&county);
    let desk = desk(registers);
    let alone: BTreeMap<&String, Said> = county
        .drafts
        .iter()
        .map(|(code, draft)| (code, said(&desk.check(draft, AS_OF, None).unwrap())))
        .collect();
    std::thread::scope(|scope| {
        for start in 0..64 {
            let (desk, county, alone) = (&desk, &county, &alone);
            scope.spawn(move || {
                let shifted = county.drafts.iter().cycle().skip(start).take(12);
                for (code, draft) in shifted {
                    let checked = desk.check(draft, AS_OF, None).unwrap();
                    assert_eq!(said(&checked), alone[code], "{code}");
                }
            });
        }
    });
}

#[test]
fn values_are_read_as_a_clerk_writes_them() {
    let checked = check(
        &Draft::new()
            .with("project_code", CODE)
            .with("approved_budget", "60万元")
            .with("approval_date", "2024年3月14日")
            .with("kind", "产业发展")
            .with("scale", "120亩")
            .with_row("fund_sources", [("level", "县级"), ("amount", "350,000元")]),
    );
    assert!(checked.notes.is_empty(), "{:?}", checked.notes);
    let sums: Vec<_> = checked
        .doubts
        .iter()
        .filter(|doubt| doubt.finding.rule == "Q05")
        .map(|doubt| doubt.finding.money_fen)
        .collect();
    assert_eq!(sums, [Some(25_000_000)]);
    assert_eq!(answer(&checked, "Q07"), Some(Answer::Passed));
}

#[test]
fn a_value_that_cannot_be_read_is_told_at_its_field_and_counts_as_empty() {
    let checked = check(
        &Draft::new()
            .with("project_code", CODE)
            .with("approved_budget", "六十万左右")
            .with("approval_date", "2024年13月14日")
            .with("kind", "种树")
            .with("colour", "red")
            .with_row("payments", [("date", "2024-05-01"), ("amount", "12000")])
            .with_row("payments", [("date", "昨天"), ("amount", "1.2万元")]),
    );
    let noted: Vec<_> = checked
        .notes
        .iter()
        .map(|note| {
            let place = &note.place;
            assert_eq!(note.severity, Severity::Error);
            (
                place.table.as_str(),
                place.row,
                place.column.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        noted,
        [
            ("projects", None, "approval_date"),
            ("projects", None, "approved_budget"),
            ("projects", None, "colour"),
            ("projects", None, "kind"),
            ("payments", Some(1), "date"),
        ]
    );
    assert_eq!(checked.notes[1].value.as_deref(), Some("六十万左右"));
    assert_eq!(
        checked.notes[1].place.item.as_deref(),
        Some("approved_budget")
    );
    assert_eq!(answer(&checked, "Q07"), Some(Answer::NotApplicable));
}

#[test]
fn a_doubt_marks_the_fields_of_its_items_and_the_rows_it_compared() {
    let checked = check(
        &Draft::new()
            .with("project_code", CODE)
            .with("approval_date", "2024-03-14")
            .with("procurement_method", "公开招标")
            .with("tender_start", "2024-03-01")
            .with("paid_total", "3万元")
            .with_row("payments", [("date", "2024-05-01"), ("amount", "1万元")])
            .with_row("payments", [("date", ""), ("amount", "")])
            .with_row("payments", [("date", "2024-02-01"), ("amount", "1万元")]),
    );
    let places = |rule: &str, key: &str| {
        let mut doubts = checked.doubts.iter();
        let doubt = doubts.find(|doubt| doubt.finding.rule == rule && doubt.finding.key == key);
        columns(&doubt.unwrap_or_else(|| panic!("{rule} {key}")).places)
    };
    assert_eq!(
        places("Q03", "approval_date|tender_period"),
        [
            ("projects", None, Some("approval_date")),
            ("projects", None, Some("tender_end")),
            ("projects", None, Some("tender_start")),
        ]
    );
    let early = places("Q03", "approval_date|payments");
    assert!(
        early.contains(&("payments", Some(2), Some("date"))),
        "{early:?}"
    );
    assert!(!early.iter().any(|place| place.1 == Some(0)), "{early:?}");
    // No row is to blame for a list that is empty: the list as a whole is.
    assert_eq!(places("Q01", "bids"), [("bids", None, None)]);
}

#[test]
fn no_rule_of_the_officers_answers_a_filer() {
    let county = County::new(60, 7);
    let (_, registers) = screened(&county);
    let desk = desk(registers);
    for draft in county.drafts.values() {
        let checked = desk.check(draft, AS_OF, None).unwrap();
        let rules = checked.answers.iter().map(|answer| &answer.rule);
        let found = checked.doubts.iter().map(|doubt| &doubt.finding.rule);
        assert!(rules.chain(found).all(|rule| rule.starts_with('Q')));
    }
}

#[test]
fn a_draft_without_a_code_is_checked_and_told_so() {
    let checked = check(&Draft::new().with("name", "核桃种植项目"));
    assert_eq!(checked.notes.len(), 1);
    assert_eq!(
        columns(&[checked.notes[0].place.clone()]),
        [("projects", None, Some("project_code"))]
    );
    assert_eq!(answer(&checked, "Q01"), Some(Answer::Flagged));
    assert_eq!(answer(&checked, "Q02"), Some(Answer::Passed));
}

/// One other filing, with one payment.
struct Neighbour;

impl Filed for Neighbour {
    fn has_code(&self, code: &str) -> bool {
        code == "99010120250002"
    }

    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment> {
        let payment = FiledPayment {
            project_code: "99010120250002".to_owned(),
            owner_name: Some("柿子湾村村民委员会".to_owned()),
            owner_uscc: None,
            voucher: "PZ-0001".to_owned(),
            amount_fen: Some(500),
        };
        let is_asked = vouchers.contains(&payment.voucher.as_str());
        is_asked.then_some(payment).into_iter().collect()
    }
}

fn paid(code: &str, vouchers: &[&str]) -> Draft {
    vouchers
        .iter()
        .fold(Draft::new().with("project_code", code), |draft, voucher| {
            draft.with_row("payments", [("amount", "100"), ("voucher", voucher)])
        })
}

#[test]
fn a_voucher_or_code_of_another_filing_is_told_when_other_filings_can_be_looked_up() {
    let desk = desk(Tables::new());
    let look = |draft: &Draft| {
        let checked = desk.check(draft, AS_OF, Some(&Neighbour)).unwrap();
        let doubts = checked.doubts.iter();
        let found: Vec<_> = doubts
            .filter(|doubt| doubt.finding.rule == "Q09")
            .map(|doubt| (doubt.finding.key.clone(), columns(&doubt.places).len()))
            .collect();
        (answer(&checked, "Q09").unwrap(), found)
    };
    let (answered, found) = look(&paid(CODE, &["PZ-0001", "PZ-0002"]));
    assert_eq!(answered, Answer::Flagged);
    assert_eq!(found[0].0, "payments|PZ-0001");
    let (answered, found) = look(&paid("99010120250002", &["PZ-0003"]));
    assert_eq!(answered, Answer::Flagged);
    assert_eq!(found[0].0, "projects|99010120250002");
    assert_eq!(look(&paid(CODE, &["PZ-0002"])).0, Answer::Passed);
}

#[test]
fn where_no_other_filing_can_be_looked_up_a_voucher_used_once_does_not_pass() {
    let desk = desk(Tables::new());
    let answered = |vouchers: &[&str]| {
        let checked = desk.check(&paid(CODE, vouchers), AS_OF, None).unwrap();
        answer(&checked, "Q09").unwrap()
    };
    assert_eq!(answered(&["PZ-0001"]), Answer::NotApplicable);
    assert_eq!(answered(&["PZ-0001", "PZ-0001"]), Answer::Flagged);
}

#[test]
fn a_number_that_names_somebody_goes_no_further_than_its_field() {
    let number = "11010519491231002X";
    let draft = Draft::new()
        .with("project_code", CODE)
        .with("address", format!("柿子湾村三组 {number}"))
        .with("approved_budget", number)
        .with_row(
            "payments",
            [("payee_id", number), ("account", "6222 0200 1234 5678 901")],
        );
    let checked = check(&draft);
    assert!(!checked.notes.is_empty());
    let told = format!("{checked:?} {draft:?}");
    assert!(
        !told.contains("1949123") && !told.contains("1234 5678"),
        "{told}"
    );
}

#[test]
fn on_the_next_day_the_same_desk_judges_by_the_next_day() {
    let desk = desk(Tables::new());
    let draft = Draft::new()
        .with("project_code", CODE)
        .with("approval_date", "2026-07-01");
    let flagged = |as_of| {
        let checked = desk.check(&draft, as_of, None).unwrap();
        answer(&checked, "Q03") == Some(Answer::Flagged)
    };
    assert!(flagged(AS_OF));
    assert!(!flagged(date(2026, 7, 1)));
}
