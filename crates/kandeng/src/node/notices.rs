//! `kandeng notices list|retry`: notices that were given up, and another try for them.

use std::path::Path;
use std::process::ExitCode;

use kandeng_ledger::StreamName;
use kandeng_platform::node::{Folder, Node, NodeError};
use kandeng_platform::notice::{GivenUp, Notice};
use kandeng_platform::{Aggregate as _, Clock as _, CommandError, Context, SystemClock};
use serde_json::json;

use crate::args::{Notices, NoticesCommand, Plain};
use crate::failure::Failure;
use crate::language::Words;

/// The most that are listed, or tried again at once.
const MOST: usize = 10_000;

pub(crate) fn run(options: &Notices, words: Words) -> Result<ExitCode, Failure> {
    match &options.command {
        NoticesCommand::List { dir, format } => list(dir, *format, words),
        NoticesCommand::Retry { dir, notices, all } => retry(dir, notices, *all, words),
    }
}

fn list(dir: &Path, format: Plain, words: Words) -> Result<ExitCode, Failure> {
    let given_up = Folder::open(dir)?.notices_given_up(MOST)?;
    if matches!(format, Plain::Text) && given_up.is_empty() {
        tell!("{}", words.say("notices-none"));
    }
    for notice in given_up {
        match format {
            Plain::Text => tell!("{}", line(&notice, words)),
            Plain::Json => tell!(
                "{}",
                json!({
                    "notice": notice.notice.as_str(),
                    "to": notice.to,
                    "channel": notice.channel,
                    "attempts": notice.attempts,
                    "problem": {"zh": notice.problem.zh, "en": notice.problem.en},
                    "at": notice.at.to_string(),
                })
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(notice: &GivenUp, words: Words) -> String {
    words.say_with(
        "notices-line",
        &[
            ("notice", notice.notice.to_string()),
            ("at", notice.at.to_string()),
            ("channel", notice.channel.clone()),
            ("to", notice.to.to_string()),
            ("attempts", notice.attempts.to_string()),
            (
                "problem",
                words
                    .pick(&notice.problem.zh, &notice.problem.en)
                    .to_owned(),
            ),
        ],
    )
}

fn retry(dir: &Path, notices: &[String], all: bool, words: Words) -> Result<ExitCode, Failure> {
    let mut chosen = notices
        .iter()
        .map(|name| named(name))
        .collect::<Result<Vec<_>, _>>()?;
    let node = Node::open(dir, super::scenes::opening())?;
    if all {
        let given_up = node.folder.notices_given_up(MOST)?;
        chosen.extend(given_up.into_iter().map(|notice| notice.notice));
    }
    let cx = Context {
        jurisdiction: node.folder.config.jurisdiction.clone(),
        ..Context::of_the_platform(SystemClock.now())
    };
    let runtime = super::runtime()?;
    let mut queued = 0;
    let mut refused = None;
    for notice in &chosen {
        match runtime.block_on(node.platform.retry_notice(notice, &cx)) {
            Ok(_) => queued += 1,
            // The others are tried again all the same.
            Err(CommandError::Refused(refusal)) => {
                refused = Some(Failure::wrong(
                    format!("{notice}:{}", refusal.text.zh),
                    format!("{notice}: {}", refusal.text.en),
                ));
            }
            Err(error) => return Err(NodeError::from(error).into()),
        }
    }
    node.close();
    if queued > 0 || refused.is_none() {
        tell!(
            "{}",
            words.say_with("notices-retried", &[("count", queued.to_string())])
        );
    }
    refused.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn named(name: &str) -> Result<StreamName, Failure> {
    name.parse::<StreamName>()
        .ok()
        .filter(|stream| stream.kind() == Notice::STREAM)
        .ok_or_else(|| {
            Failure::wrong(
                format!("“{name}”不是通知的名称;kandeng notices list 会列出"),
                format!("{name:?} is no notice; `kandeng notices list` names them"),
            )
        })
}
