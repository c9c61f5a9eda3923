//! What the reader says about a file: broken lines, odd values summed up, what was left out.

use std::path::Path;

use kandeng_screening::Text;

use super::ReadOptions;
use super::assembly::Finished;
use super::error::OcdsError;
use super::oddities::{Counts, Fault, Oddities};
use super::parse::Account;
use super::source::Source;
use super::words;
use crate::diagnostic::Diagnostic;

/// Broken lines named one by one; the rest is a number.
const NAMED: usize = 100;

/// Broken lines and what makes a file unusable.
pub(super) fn file(
    source: &Source,
    blocks: &[Account],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), OcdsError> {
    let name = &source.file;
    let mut before = 0;
    let mut broken = Vec::new();
    let mut counts = Counts::default();
    let mut processes = 0;
    for block in blocks {
        if let Some(line) = block.not_utf8 {
            return Err(OcdsError::NotUtf8 {
                file: name.clone(),
                line: before + line,
            });
        }
        broken.extend(
            block
                .broken
                .iter()
                .map(|broken| (before + broken.line, broken)),
        );
        before += block.lines;
        counts.add(&block.counts);
        processes += block.processes;
    }
    if let (Some(problem), true) = (&source.damage, processes == 0 || !source.lines) {
        return Err(OcdsError::Gzip {
            file: name.clone(),
            problem: problem.clone(),
        });
    }
    if let (Some((line, first)), 0) = (broken.first(), counts.documents + processes as u64) {
        return Err(OcdsError::NotJson {
            file: name.clone(),
            line: *line,
            column: first.column,
            problem: first.problem.clone(),
        });
    }
    let containers = counts.release_packages + counts.record_packages;
    let without_ocid = blocks.iter().any(|block| {
        block
            .oddities
            .keys()
            .any(|(_, fault)| *fault == Fault::NoOcid)
    });
    if processes == 0 && containers == 0 && broken.is_empty() {
        return Err(OcdsError::NotOcds { file: name.clone() });
    }
    if processes == 0 && containers > 0 && !without_ocid {
        diagnostics.push(Diagnostic::warning(
            name,
            Text::new(
                "包内没有任何 release 或 record(0 个),没有可比对的内容",
                "the package holds 0 releases or records: there is nothing to compare",
            ),
        ));
    }
    for (line, broken) in broken.iter().take(NAMED) {
        diagnostics.push(
            Diagnostic::error(
                name,
                Text::new(
                    format!(
                        "第 {line} 行第 {} 列不是合法的 JSON,该行未读入:{}",
                        broken.column, broken.problem.zh
                    ),
                    format!(
                        "line {line}, column {} is no valid JSON and was left out: {}",
                        broken.column, broken.problem.en
                    ),
                ),
            )
            .at_row(*line)
            .with_value(&broken.value),
        );
    }
    if broken.len() > NAMED {
        let more = broken.len() - NAMED;
        diagnostics.push(Diagnostic::error(
            name,
            Text::new(
                format!("另有 {more} 行不是合法的 JSON,均未读入"),
                format!("{more} more lines are no valid JSON and were left out"),
            ),
        ));
    }
    if let Some(problem) = &source.damage {
        diagnostics.push(Diagnostic::error(
            name,
            Text::new(
                format!("gzip 文件不完整或已损坏({});只读入了损坏处之前的 {before} 行", problem.zh),
                format!("the gzip file is truncated or damaged ({}); only the {before} lines before that were read", problem.en),
            ),
        ));
    }
    Ok(())
}

/// Odd values of a file, each kind with its first place and its number.
pub(super) fn oddities(source: &Source, blocks: &[Account], diagnostics: &mut Vec<Diagnostic>) {
    let mut all = Oddities::new();
    let mut lines = 0;
    for block in blocks {
        let before = if source.lines { lines } else { 0 };
        lines += block.lines;
        for (key, odd) in &block.oddities {
            let known = all.entry(*key).or_insert_with(|| {
                let mut first = odd.clone();
                first.line += before;
                first.count = 0;
                first
            });
            known.count += odd.count;
        }
    }
    let mut found: Vec<_> = all.into_iter().collect();
    found.sort_by_key(|(key, odd)| (odd.line, *key));
    for ((field, fault), odd) in found {
        let (zh, en) = fault.words();
        let mut diagnostic = Diagnostic::warning(
            &source.file,
            Text::new(
                format!("{zh},共 {} 处,首处在第 {} 行", odd.count, odd.line),
                format!("{en}: {} in all, first at line {}", odd.count, odd.line),
            ),
        )
        .at_row(odd.line)
        .at_column(field);
        if !odd.value.is_empty() {
            diagnostic = diagnostic.with_value(&odd.value);
        }
        diagnostics.push(diagnostic);
    }
}

impl Fault {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotADate => (
                "不是带时区的 RFC 3339 时间,按空值处理",
                "not an RFC 3339 date-time with a zone, read as empty",
            ),
            Self::NoZone => (
                "时间没有时区,只在任何时区都得出同一结论时参与比对",
                "a time without a zone, compared only where every zone gives the same answer",
            ),
            Self::NotANumber => ("应为数字,按空值处理", "a number is expected, read as empty"),
            Self::NotText => ("应为文本,按空值处理", "text is expected, read as empty"),
            Self::NotAnObject => (
                "应为对象,按空值处理",
                "an object is expected, read as empty",
            ),
            Self::NotAList => ("应为数组,按空值处理", "a list is expected, read as empty"),
            Self::NoCurrency => (
                "金额没有币种,不参与比对",
                "the amount names no currency and is not compared",
            ),
            Self::NoOcid => ("没有 ocid,未读入", "there is no ocid: left out"),
            Self::PartlyLinked => (
                "record 的部分 release 只有链接,现有内容不完整:按“不适用”计",
                "some releases of the record are links only, so what is here is not the whole: counted as not applicable",
            ),
            Self::NotOcds => (
                "不是 OCDS 的 release、record 或 package,未读入",
                "neither release, record nor package of OCDS: left out",
            ),
        }
    }
}

/// A process whose releases would not merge.
pub(super) fn unmerged(file: &Path, ocid: &str, error: &serde_json::Error) -> Diagnostic {
    let problem = words::of_json(error);
    Diagnostic::error(
        file.display().to_string(),
        Text::new(
            format!("该采购过程的多个 release 无法合并,未读入:{}", problem.zh),
            format!(
                "the releases of this process could not be merged and were left out: {}",
                problem.en
            ),
        ),
    )
    .at_column("ocid")
    .with_value(ocid)
}

/// What was decided for the run as a whole.
pub(super) fn run(
    file: &str,
    finished: &Finished,
    options: &ReadOptions,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if finished.superseded > 0 {
        let mut diagnostic = Diagnostic::warning(
            file,
            Text::new(
                format!(
                    "同一 ocid 有多个 release:保留日期最晚的(日期相同或缺失时保留最后出现的),略去 {} 个",
                    finished.superseded
                ),
                format!(
                    "several releases of the same ocid: the latest by date stands (the last one where dates tell nothing), {} left out",
                    finished.superseded
                ),
            ),
        )
        .at_column("ocid");
        if let Some(ocid) = &finished.first_superseded {
            diagnostic = diagnostic.with_value(ocid);
        }
        diagnostics.push(diagnostic);
    }
    let counts = &finished.counts;
    if counts.linked_only > 0 {
        diagnostics.push(Diagnostic::warning(
            file,
            Text::new(
                format!(
                    "{} 个 record 只有指向 release 的链接,没有内容可比对:按“不适用”计",
                    counts.linked_only
                ),
                format!(
                    "{} records only link to their releases: counted as not applicable",
                    counts.linked_only
                ),
            ),
        ));
    }
    if counts.other_currency > 0 {
        let currency = finished.currency.as_deref().unwrap_or_default();
        let (zh, en) = if options.currency.is_some() {
            ("按 --currency", "as --currency says")
        } else {
            ("首个出现的币种", "the first one seen")
        };
        diagnostics.push(
            Diagnostic::warning(
                file,
                Text::new(
                    format!("只比对 {currency} 金额({zh});其他币种的 {} 个金额未参与比对", counts.other_currency),
                    format!("only amounts in {currency} are compared ({en}); {} in other currencies are left out", counts.other_currency),
                ),
            )
            .at_column("value.currency")
            .with_value(currency),
        );
    }
}

/// What the input is, as a sentence.
pub(super) fn kind(counts: &Counts, processes: usize) -> Text {
    let mut zh = Vec::new();
    let mut en = Vec::new();
    let mut say = |count: u64, one: &str, words_zh: &str, words_en: &str| {
        if count > 0 {
            zh.push(format!("{count} {words_zh}"));
            en.push(if count == 1 {
                format!("1 {one}")
            } else {
                format!("{count} {words_en}")
            });
        }
    };
    say(
        counts.release_packages,
        "release package",
        "个 release 包",
        "release packages",
    );
    say(
        counts.record_packages,
        "record package",
        "个 record 包",
        "record packages",
    );
    say(counts.records, "record", "个 record", "records");
    say(
        counts.compiled_releases,
        "compiled release",
        "个 compiled release",
        "compiled releases",
    );
    say(counts.releases, "release", "个 release", "releases");
    say(
        counts.versioned_releases,
        "versioned release",
        "个 versioned release",
        "versioned releases",
    );
    say(
        counts.linked_only,
        "record of links only",
        "个只有链接的 record",
        "records of links only",
    );
    Text::new(
        format!("OCDS:{};共 {processes} 个采购过程", zh.join("、")),
        format!(
            "OCDS: {}; contracting processes: {processes}",
            en.join(", ")
        ),
    )
}
