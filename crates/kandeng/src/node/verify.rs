//! `kandeng verify`: whether anything was changed, in a node's folder, a backup, or a ledger that is published.
//!
//! Exit status 0: everything is right. 1: something is wrong, and what is said where. 2: it could not be looked at.

use std::path::Path;
use std::process::ExitCode;

use kandeng_ledger::{Checkpoint, Fault, Trust};
use kandeng_platform::node::{Folder, NodeReport, NodeWrong};
use kandeng_screening::Text;
use serde_json::json;

use crate::args::{Plain, Verify};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

pub(crate) fn run(options: &Verify, words: Words) -> Result<ExitCode, Failure> {
    let folder = Folder::open(Path::new(&options.node))?;
    let earlier = earlier(options, &folder.trust()?)?;
    let bar = bar(1, words.say("progress-verify"));
    let verdict = folder.verify(&earlier, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    match verdict? {
        Ok(report) => {
            right(&folder, &report, options.format, words)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(wrong) => {
            said(&wrong, options.format, words)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Checkpoints that somebody kept, each of this ledger and signed by it.
fn earlier(options: &Verify, trust: &Trust) -> Result<Vec<Checkpoint>, Failure> {
    let mut kept = Vec::new();
    for path in &options.checkpoint {
        let note = std::fs::read_to_string(path).map_err(Failure::unread(path))?;
        let verified = trust.verify(&note).map_err(|error| {
            Failure::wrong(
                format!("{} 不是本账本的检查点:{error}", path.display()),
                format!(
                    "{} is no checkpoint of this ledger: {error}",
                    path.display()
                ),
            )
        })?;
        kept.push(verified.checkpoint);
    }
    Ok(kept)
}

fn right(folder: &Folder, report: &NodeReport, format: Plain, words: Words) -> Result<(), Failure> {
    let ledger = &report.ledger;
    if format == Plain::Json {
        let all = json!({
            "origin": folder.config.origin,
            "right": true,
            "entries": ledger.entries,
            "tiles": ledger.tiles,
            "checkpoints": ledger.checkpoints,
            "erased": ledger.erased,
            "continued": ledger.continued,
            "published": report.published,
            "evidence": report.evidence,
            "named": report.named,
        });
        tell!("{all:#}");
        return Ok(());
    }
    tell!(
        "{}",
        words.say_with(
            "verify-right",
            &[
                ("origin", folder.config.origin.clone()),
                ("entries", ledger.entries.to_string()),
                ("tiles", ledger.tiles.to_string()),
                ("checkpoints", ledger.checkpoints.to_string()),
                ("erased", ledger.erased.to_string()),
                ("evidence", report.evidence.to_string()),
                ("named", report.named.to_string()),
            ]
        )
    );
    if ledger.continued > 0 {
        let count = ledger.continued.to_string();
        tell!(
            "{}",
            words.say_with("verify-continued", &[("count", count)])
        );
    }
    match report.published {
        Some(size) => tell!(
            "{}",
            words.say_with("verify-published", &[("size", size.to_string())])
        ),
        None => tell!("{}", words.say("verify-unpublished")),
    }
    Ok(())
}

fn said(wrong: &NodeWrong, format: Plain, words: Words) -> Result<(), Failure> {
    let fault = fault(wrong);
    if format == Plain::Json {
        let all = json!({
            "right": false,
            "position": wrong.position(),
            "fault": { "zh": fault.zh, "en": fault.en },
        });
        tell!("{all:#}");
        return Ok(());
    }
    let fault = words.of(&fault).to_owned();
    match wrong.position() {
        Some(position) => tell!(
            "{}",
            words.say_with(
                "verify-wrong-at",
                &[("position", position.to_string()), ("fault", fault)]
            )
        ),
        None => tell!("{}", words.say_with("verify-wrong", &[("fault", fault)])),
    }
    Ok(())
}

/// In which way it is wrong, as a clause without a full stop.
fn fault(wrong: &NodeWrong) -> Text {
    match wrong {
        NodeWrong::Ledger(wrong) => Text::new(of_ledger(&wrong.fault), wrong.fault.to_string()),
        NodeWrong::Published(error) => {
            let text = kandeng_platform::node::of_publish(error);
            Text::new(text.zh, text.en)
        }
        NodeWrong::Changed { path, .. } => Text::new(
            format!("佐证材料 {} 与它的名字不符:内容被改过", path.display()),
            format!(
                "the evidence {} is not what its name says: it was changed",
                path.display()
            ),
        ),
        NodeWrong::Missing { path, .. } => Text::new(
            format!("所指的佐证材料 {} 不在", path.display()),
            format!("the evidence {} that it names is not there", path.display()),
        ),
    }
}

fn part(name: &str) -> &'static str {
    if name == "envelope" {
        "信封"
    } else {
        "内容"
    }
}

fn of_ledger(fault: &Fault) -> String {
    match fault {
        Fault::Missing => "这一条不在了".to_owned(),
        Fault::Changed(name) => format!("{}被改过", part(name)),
        Fault::Misplaced => "这一条不在它那条流的原位".to_owned(),
        Fault::Lost(name) => format!("{}不在了,而没有事件说它被删除", part(name)),
        Fault::Tile { level, number } => format!("树块 {level}/{number} 与各叶不符"),
        Fault::NoTile { level, number } => format!("缺少树块 {level}/{number}"),
        Fault::Root { size, whose } => {
            let whose = if *whose == "stored" {
                "所存"
            } else {
                "先前"
            };
            format!("{size} 条的树与签名的不同({whose}的检查点)")
        }
        Fault::Signature { size, problem } => format!("{size} 条的检查点:{problem}"),
        Fault::Shorter { size, actual } => {
            format!("账本只有 {actual} 条,而先前的检查点有 {size} 条")
        }
        Fault::Unsigned => "这一条不在任何检查点之下".to_owned(),
        Fault::Store(problem) => format!("数据库:{problem}"),
    }
}
