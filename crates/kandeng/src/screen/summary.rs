//! What was found, as a person wants to read it first: how much, by which rules, the gravest ten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use kandeng_screening::{Figure, Finding, Labels, Severity};

use super::Screened;
use crate::language::Words;

/// Flags that are spelled out.
const GRAVEST: usize = 10;

pub(super) fn summary(screened: &Screened, red: &[PathBuf], words: Words) -> String {
    let mut text = String::new();
    let outcome = &screened.outcome;
    let run = &screened.run;
    // Cannot fail: writing to a String does not.
    let _ = writeln!(
        text,
        "{}",
        words.say_with(
            "summary-input",
            &[
                ("kind", words.of(&run.kind).to_owned()),
                ("rows", rows(screened, words)),
                ("as-of", run.as_of.to_string()),
                ("seconds", format!("{:.2}", run.seconds)),
            ]
        )
    );
    let mut by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
    let mut by_rule: BTreeMap<&str, (Severity, usize)> = BTreeMap::new();
    for index in 0..outcome.len() {
        let (rule, severity) = outcome.severity(index);
        *by_severity.entry(severity).or_default() += 1;
        let entry = by_rule.entry(rule).or_insert((severity, 0));
        entry.0 = entry.0.max(severity);
        entry.1 += 1;
    }
    let count = |severity| by_severity.get(&severity).copied().unwrap_or(0).to_string();
    let _ = writeln!(
        text,
        "{}",
        words.say_with(
            "summary-flags",
            &[
                ("flags", outcome.len().to_string()),
                ("high", count(Severity::High)),
                ("medium", count(Severity::Medium)),
                ("low", count(Severity::Low)),
            ]
        )
    );
    unanswered(&mut text, screened, words);
    by_rules(&mut text, screened, &by_rule, words);
    gravest(&mut text, screened, words);
    if !red.is_empty() {
        text.push('\n');
    }
    for path in red {
        let _ = writeln!(
            text,
            "{}",
            words.say_with("summary-red", &[("path", super::shown_path(path))])
        );
    }
    text
}

fn rows(screened: &Screened, words: Words) -> String {
    let mut rows: Vec<_> = screened
        .run
        .rows
        .iter()
        .filter(|(table, rows)| **rows > 0 && is_input(screened, table))
        .collect();
    // Of a filing its projects first, whatever hangs on them.
    rows.sort_by_key(|(table, rows)| (*table != "projects", std::cmp::Reverse(**rows)));
    let shown: Vec<_> = rows
        .into_iter()
        .take(4)
        .map(|(table, rows)| format!("{} {rows}", table_name(screened, table, words)))
        .collect();
    if shown.is_empty() {
        return words.say("summary-no-rows");
    }
    shown.join(&words.say("list-comma"))
}

/// Whether a table was read: of a filing the sheets, but not what is derived from its declaration.
fn is_input(screened: &Screened, table: &str) -> bool {
    screened
        .county
        .as_ref()
        .is_none_or(|county| county.filing.sheet(table).is_some())
}

/// A sheet by the name on its tab, a table of contracting data by a word for what it holds.
fn table_name(screened: &Screened, table: &str, words: Words) -> String {
    let sheet = screened
        .county
        .as_ref()
        .and_then(|county| county.filing.sheet(table));
    match sheet {
        Some(sheet) => words.pick(&sheet.zh, &sheet.en).to_owned(),
        None => words.name("table", table),
    }
}

fn by_rules(
    text: &mut String,
    screened: &Screened,
    by_rule: &BTreeMap<&str, (Severity, usize)>,
    words: Words,
) {
    if by_rule.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", words.say("summary-rules"));
    for (id, (severity, flags)) in by_rule {
        let title = screened
            .outcome
            .rule(id)
            .map(|rule| words.of(&rule.texts.title))
            .unwrap_or_default();
        let counted: Vec<_> = screened
            .outcome
            .answers
            .iter()
            .filter(|answers| answers.rule == **id)
            .collect();
        let sum = |count: fn(&kandeng_screening::Answers) -> usize| {
            counted
                .iter()
                .map(|answers| count(answers))
                .sum::<usize>()
                .to_string()
        };
        let _ = write!(
            text,
            "  {id:<5} {flags:>6}  [{}] {title}",
            words.say(severity_key(*severity))
        );
        let _ = write!(
            text,
            "  {}",
            words.say_with(
                "summary-answers",
                &[
                    ("flagged", sum(|answers| answers.flagged)),
                    ("passed", sum(|answers| answers.passed)),
                    ("na", sum(|answers| answers.not_applicable)),
                ]
            )
        );
        if counted.iter().any(|answers| answers.noisy) {
            let _ = write!(text, "  {}", words.say("summary-noisy"));
        }
        text.push('\n');
    }
}

/// Rules that failed: no flag of theirs is no good news.
fn unanswered(text: &mut String, screened: &Screened, words: Words) {
    let failures = screened.outcome.failures.iter();
    let rules: BTreeSet<&str> = failures.map(|failure| failure.rule.as_str()).collect();
    if !rules.is_empty() {
        let count = rules.len().to_string();
        let rules = Vec::from_iter(rules).join(&words.say("list-comma"));
        let said = words.say_with("summary-unanswered", &[("count", count), ("rules", rules)]);
        // Cannot fail: writing to a String does not.
        let _ = writeln!(text, "{said}");
    }
}

fn severity_key(severity: Severity) -> &'static str {
    crate::rules::severity_key(severity.name())
}

/// The gravest by severity, then by money at stake.
fn gravest(text: &mut String, screened: &Screened, words: Words) {
    let outcome = &screened.outcome;
    if outcome.is_empty() {
        return;
    }
    // Only the few that are shown are made into whole findings; of equals those that come first.
    let mut order: Vec<usize> = (0..outcome.len()).collect();
    order.sort_by_key(|index| {
        let money = outcome.money_fen(*index).unwrap_or(0);
        std::cmp::Reverse((outcome.severity(*index).1, money))
    });
    order.truncate(GRAVEST);
    let findings: Vec<Finding> = order
        .into_iter()
        .map(|index| screened.finding(index))
        .collect();
    let _ = writeln!(
        text,
        "\n{}",
        words.say_with("summary-gravest", &[("count", findings.len().to_string())])
    );
    for finding in &findings {
        let mut money = String::new();
        if let Some(fen) = finding.money_fen {
            Figure::Int(fen).show("money_fen", &Labels::new(), words.language, &mut money);
            money = format!(" ({money})");
        }
        let _ = writeln!(
            text,
            "  {:<5} {}{money}: {}",
            finding.rule,
            crate::harmless(&finding.subject),
            crate::harmless(words.of(&finding.says))
        );
    }
}
