//! A rule explained in full: its page, made from its own file, its fixtures and what was measured.

use std::fmt::Write as _;

use kandeng_screening::pack::{Body, Pack, Rule};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::measured::{Figures, Measured};
use kandeng_supervise::packs;

use super::{audience_key, severity_key};
use crate::language::Words;

/// Who reads a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Whoever runs the command: a county's own rules are shown with their values.
    Here,
    /// Anybody: a county's own thresholds, and the fixtures that show them, stay with the county.
    Anybody,
}

/// The page of one rule in one language.
pub(super) fn page(
    pack: &Pack,
    filing: &Filing,
    rule: &Rule,
    reader: Reader,
    words: Words,
) -> String {
    let shows_values = reader == Reader::Here || packs::is_ours(rule);
    let mut text = String::new();
    // Cannot fail: writing to a String does not.
    let _ = writeln!(text, "# {} {}\n", rule.id, words.of(&rule.texts.title));
    facts(&mut text, filing, rule, words);
    section(
        &mut text,
        &words.say("page-method"),
        words.of(&rule.texts.method),
    );
    section(&mut text, &words.say("page-why"), words.of(&rule.texts.why));
    section(
        &mut text,
        &words.say("page-says"),
        words.of(&rule.texts.says),
    );
    let population = rule
        .applies
        .clone()
        .map_or_else(|| words.say("page-all"), |sql| format!("`{sql}`"));
    section(&mut text, &words.say("page-population"), &population);
    let needs: Vec<_> = rule.needs.iter().map(|need| format!("`{need}`")).collect();
    section(
        &mut text,
        &words.say("page-needs"),
        &needs.join(&words.say("list-comma")),
    );
    section(
        &mut text,
        &words.say("page-excludes"),
        words.of(&rule.texts.excludes),
    );
    if !rule.params.is_empty() {
        let _ = writeln!(
            text,
            "\n## {}\n\n{}\n",
            words.say("page-params"),
            words.say("page-params-note")
        );
        for (name, value) in &rule.params {
            let _ = if shows_values {
                writeln!(text, "- `{name}` = `{value}`")
            } else {
                writeln!(text, "- `{name}`")
            };
        }
    }
    precision(&mut text, &Measured::of(pack), rule, words);
    if shows_values {
        example(&mut text, pack, rule, words);
    }
    let _ = writeln!(text, "\n## SQL\n\n```sql\n{}\n```", sql(rule));
    text
}

fn facts(text: &mut String, filing: &Filing, rule: &Rule, words: Words) {
    let comma = words.say("list-comma");
    let subjects: Vec<_> = rule
        .subjects
        .iter()
        .chain(&rule.also)
        .map(|kind| words.name("subject", kind))
        .collect();
    let items: Vec<_> = rule
        .items
        .iter()
        .map(|key| match filing.item(key) {
            Some(item) => words.pick(&item.zh, &item.en).to_owned(),
            None => key.clone(),
        })
        .collect();
    let facts = [
        ("page-audience", words.say(audience_key(rule))),
        (
            "page-severity",
            words.say(severity_key(rule.severity.name())),
        ),
        ("page-subject", subjects.join(&comma)),
        ("page-reach", words.name("reach", rule.reach.name())),
        ("page-items", items.join(&comma)),
        ("page-basis", words.of(&rule.texts.basis).to_owned()),
    ];
    for (key, value) in facts {
        if !value.is_empty() {
            let _ = writeln!(text, "- **{}** {value}", words.say(key));
        }
    }
}

fn section(text: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = writeln!(text, "\n## {title}\n\n{body}");
    }
}

/// What the rule found, and flagged besides, in fictional data whose answers are known.
fn precision(text: &mut String, measured: &Measured, rule: &Rule, words: Words) {
    let mut lines = measured.figures(rule).peekable();
    if lines.peek().is_none() {
        return;
    }
    let run = words.say_with(
        "page-measured-note",
        &[
            ("seeds", measured.seeds.to_string()),
            ("size", measured.size.to_string()),
        ],
    );
    let head = words.say("page-measured-head");
    let _ = writeln!(
        text,
        "\n## {}\n\n{run}\n\n{head}\n|---|---|---|---|---|---|",
        words.say("page-measured")
    );
    for figures in lines {
        let judged = match figures.judged {
            0 => "–".to_owned(),
            judged => judged.to_string(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {judged} | {} |",
            words.name("subject", &figures.subject),
            figures.planted,
            figures.found,
            figures.beyond,
            rate(figures),
        );
    }
}

/// `0.05 %`, or a dash where a kind of subject is not counted by itself.
pub(super) fn rate(figures: &Figures) -> String {
    figures
        .false_alarm_rate()
        .map_or_else(|| "–".to_owned(), |rate| format!("{:.2} %", rate * 100.0))
}

/// The first case of the rule's fixtures, as it stands there.
fn example(text: &mut String, pack: &Pack, rule: &Rule, words: Words) {
    let Some((_, fixture)) = pack.fixture(rule) else {
        return;
    };
    let mut cases = fixture.split("\ncase:");
    let head = cases.next().unwrap_or_default();
    let first = if head.trim_start().starts_with("case:") {
        head.trim_start().trim_start_matches("case:")
    } else {
        cases.next().unwrap_or_default()
    };
    let _ = writeln!(
        text,
        "\n## {}\n\n{}\n\n```text\ncase:{}\n```",
        words.say("page-example"),
        words.say("page-example-note"),
        first.trim_end()
    );
}

fn sql(rule: &Rule) -> String {
    match &rule.body {
        Body::Query { sql, .. } => sql.clone(),
        Body::RowCheck {
            over,
            flag_when,
            figures,
        } => {
            let mut text = format!("-- over: {over}\n-- flag_when: {flag_when}");
            if !figures.is_empty() {
                let figures: Vec<_> = figures
                    .iter()
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                let _ = write!(text, "\n-- figures: {}", figures.join(", "));
            }
            text
        }
    }
}
