//! The result as one JSON object, as `docs/flags.schema.json` describes it. Flags are streamed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::sync_channel;

use kandeng_screening::pack::Rule;
use kandeng_screening::{Answers, Figure, Finding, Text};
use kandeng_supervise::import::Place;
use serde::Serialize;

use super::{RunFacts, Screened};

#[derive(Serialize)]
struct Input<'a> {
    path: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Run<'a> {
    version: &'static str,
    kind: &'a Text,
    inputs: Vec<Input<'a>>,
    as_of: String,
    audience: &'static str,
    started: String,
    seconds: f64,
    rows: &'a BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct RuleAnswers<'a> {
    id: &'a str,
    title: Option<&'a Text>,
    subject_kind: &'a str,
    applies: usize,
    flagged: usize,
    passed: usize,
    not_applicable: usize,
    reasons: &'a [kandeng_screening::Reason],
    left_out: usize,
    noisy: bool,
}

#[derive(Serialize)]
struct RuleFailure<'a> {
    id: &'a str,
    failed: &'a Text,
}

#[derive(Serialize)]
struct Cell {
    file: String,
    sheet: String,
    row: u32,
    column: u32,
}

#[derive(Serialize)]
struct Flag<'a> {
    rule: &'a str,
    severity: &'static str,
    subject_kind: &'a str,
    subject: &'a str,
    key: &'a str,
    related: &'a [String],
    items: &'a [String],
    #[serde(rename = "where")]
    places: Vec<Cell>,
    money_fen: Option<i64>,
    #[serde(serialize_with = "as_map")]
    figures: &'a [(String, Figure)],
    fingerprint: &'a str,
    says: &'a Text,
}

fn as_map<S: serde::Serializer>(
    figures: &&[(String, Figure)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(figures.iter().map(|(name, figure)| (name, figure)))
}

/// Writes the object; the same findings give the same bytes, but for the time of the run.
pub(super) fn write(out: &mut dyn Write, screened: &Screened) -> io::Result<()> {
    out.write_all(b"{\"run\":")?;
    serde_json::to_writer(&mut *out, &run(&screened.run))?;
    out.write_all(b",\n\"rules\":[")?;
    for (index, answers) in screened.outcome.answers.iter().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        let rule = screened.outcome.rule(&answers.rule);
        serde_json::to_writer(&mut *out, &rule_answers(answers, rule))?;
    }
    out.write_all(b"],\n\"failures\":[")?;
    for (index, failure) in screened.outcome.failures.iter().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        let failure = RuleFailure {
            id: &failure.rule,
            failed: &failure.message,
        };
        serde_json::to_writer(&mut *out, &failure)?;
    }
    out.write_all(b"],\n\"flags\":[")?;
    write_flags(out, screened)?;
    out.write_all(b"]}\n")
}

/// Flags of a part, which one thread makes.
const PART: usize = 250;
/// Parts that a thread makes ahead of the writing.
const AHEAD: usize = 4;

/// Flags in their order, made in parts side by side where there are many: each thread makes every so
/// manieth part, and none is further ahead of the writing than its channel is long.
fn write_flags(out: &mut dyn Write, screened: &Screened) -> io::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts = screened.outcome.len().div_ceil(PART);
    let threads = threads.min(parts);
    std::thread::scope(|scope| {
        let makers: Vec<_> = (0..threads)
            .map(|maker| {
                let (give, take) = sync_channel(AHEAD);
                scope.spawn(move || {
                    for part in (maker..parts).step_by(threads) {
                        // Nobody takes it any more once writing has failed.
                        if give.send(flags_of(screened, part * PART)).is_err() {
                            return;
                        }
                    }
                });
                take
            })
            .collect();
        for part in 0..parts {
            let broken = |_| io::Error::other("a thread broke down");
            let text = makers[part % threads].recv().map_err(broken)??;
            out.write_all(&text)?;
        }
        Ok(())
    })
}

/// The flags of the part that begins at `first`.
fn flags_of(screened: &Screened, first: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(PART << 10);
    for index in first..screened.outcome.len().min(first + PART) {
        text.extend_from_slice(if index > 0 { b",\n" } else { b"\n" });
        let finding = screened.finding(index);
        let places = screened.shown_places(&finding).collect();
        serde_json::to_writer(&mut text, &flag(&finding, places))?;
    }
    Ok(text)
}

fn run(facts: &RunFacts) -> Run<'_> {
    Run {
        version: env!("CARGO_PKG_VERSION"),
        kind: &facts.kind,
        inputs: facts
            .inputs
            .iter()
            .map(|(path, sha256)| Input { path, sha256 })
            .collect(),
        as_of: facts.as_of.to_string(),
        audience: facts.audience.name(),
        started: facts.started.to_string(),
        seconds: facts.seconds,
        rows: &facts.rows,
    }
}

fn rule_answers<'a>(answers: &'a Answers, rule: Option<&'a Rule>) -> RuleAnswers<'a> {
    RuleAnswers {
        id: &answers.rule,
        title: rule.map(|rule| &rule.texts.title),
        subject_kind: &answers.subject_kind,
        applies: answers.applies,
        flagged: answers.flagged,
        passed: answers.passed,
        not_applicable: answers.not_applicable,
        reasons: &answers.reasons,
        left_out: answers.left_out,
        noisy: answers.noisy,
    }
}

fn flag(finding: &Finding, places: Vec<Place>) -> Flag<'_> {
    let cell = |place: Place| Cell {
        file: place.file,
        sheet: place.sheet,
        row: place.row,
        column: place.column,
    };
    Flag {
        rule: &finding.rule,
        severity: finding.severity.name(),
        subject_kind: &finding.subject_kind,
        subject: &finding.subject,
        key: &finding.key,
        related: &finding.related,
        items: &finding.items,
        places: places.into_iter().map(cell).collect(),
        money_fen: finding.money_fen,
        figures: &finding.figures,
        fingerprint: &finding.fingerprint,
        says: &finding.says,
    }
}
