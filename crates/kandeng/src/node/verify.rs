//! `kandeng verify`: whether anything was changed, in a node's folder, a backup, or a ledger that is published.
//!
//! Exit status 0: everything is right. 1: something is wrong, and what is said where. 2: it could not be looked at.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kandeng_ledger::{
    Checkpoint, Fault, Report, Tiles, Trust, Wrong, next_origin, verify_published,
};
use kandeng_platform::node::{CONFIG, Folder, NodeReport, NodeWrong, of_publish};
use kandeng_screening::Text;
use serde_json::json;

use crate::args::{Plain, Verify};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

/// The public key beside a published ledger.
const PUBLIC: &str = "ledger.pub";

/// Origins that may follow one another.
const MOST_ORIGINS: usize = 1_000;

pub(crate) fn run(options: &Verify, words: Words) -> Result<ExitCode, Failure> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| options.node.starts_with(scheme));
    let path = Path::new(&options.node);
    if is_url || path.join("checkpoint").is_file() && !path.join(CONFIG).is_file() {
        return published(options, is_url, words);
    }
    let folder = Folder::open(path)?;
    let earlier = earlier(options, &folder.trust()?)?;
    let bar = bar(1, words.say("progress-verify"));
    let verdict = folder.verify(&earlier, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    match verdict? {
        Ok(report) => {
            right(&folder.config.origin, &report, options.format, words)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(wrong) => {
            said(wrong.position(), &fault(&wrong), options.format, words)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What anybody can see of a ledger: leaves, tiles, checkpoint.
fn published(options: &Verify, is_url: bool, words: Words) -> Result<ExitCode, Failure> {
    let path = Path::new(&options.node);
    let key: PathBuf = match &options.public_key {
        Some(key) => key.clone(),
        None if is_url => {
            return Err(Failure::wrong(
                "请用 --public-key 指明账本的公钥(节点文件夹中的 ledger.pub);不能相信从同一处取得的公钥",
                "name the ledger's public key (ledger.pub of its node) with --public-key; one from the same place cannot be trusted",
            ));
        }
        None => path.join(PUBLIC),
    };
    let trust = Trust::ledger(&std::fs::read_to_string(&key).map_err(Failure::unread(&key))?);
    let earlier = earlier(options, &trust)?;
    let mut tiles = if is_url {
        Tiles::at(&options.node)
    } else {
        Tiles::of_folder(path)
    };
    let bar = bar(1, words.say("progress-verify"));
    let report = verify_published(&mut tiles, &trust, &earlier, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    match report {
        Ok(report) => {
            right_published(trust.origin(), &report, options.format, words)?;
            Ok(ExitCode::SUCCESS)
        }
        // It did not answer: nothing is known of the ledger.
        Err(Wrong {
            fault: Fault::Store(problem),
            ..
        }) if is_url => Err(Failure::wrong(
            format!("无法取得公布的账本:{problem}"),
            format!("the published ledger cannot be had: {problem}"),
        )),
        Err(wrong) => {
            let text = Text::new(of_ledger(&wrong.fault), wrong.fault.to_string());
            said(Some(wrong.position), &text, options.format, words)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// A checkpoint that somebody kept, as it stands in its file.
pub(super) fn checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let note = std::fs::read_to_string(path).map_err(Failure::unread(path))?;
    Trust::parse_unverified(&note).map_err(|error| no_checkpoint(path, &error))
}

fn no_checkpoint(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::wrong(
        format!("{} 不是本账本的检查点:{error}", path.display()),
        format!(
            "{} is no checkpoint of this ledger: {error}",
            path.display()
        ),
    )
}

/// Checkpoints that somebody kept, of this origin or of those before it.
fn earlier(options: &Verify, trust: &Trust) -> Result<Vec<Checkpoint>, Failure> {
    let mut kept = Vec::new();
    for path in &options.checkpoint {
        let found = checkpoint(path)?;
        let origin = found.origin().to_owned();
        let mut after = std::iter::successors(Some(origin), |origin| Some(next_origin(origin)));
        if !after
            .by_ref()
            .take(MOST_ORIGINS)
            .any(|origin| origin == trust.origin())
        {
            return Err(no_checkpoint(path, &found.origin()));
        }
        if found.origin() == trust.origin() {
            trust
                .verify(&found.note)
                .map_err(|error| no_checkpoint(path, &error))?;
        }
        kept.push(found);
    }
    Ok(kept)
}

fn right(origin: &str, report: &NodeReport, format: Plain, words: Words) -> Result<(), Failure> {
    let ledger = &report.ledger;
    if format == Plain::Json {
        let mut all = as_json(origin, ledger);
        all["published"] = json!(report.published);
        all["gone_on"] = json!(report.gone_on);
        all["evidence"] = json!(report.evidence);
        all["named"] = json!(ledger.evidence);
        tell!("{all:#}");
        return Ok(());
    }
    tell!(
        "{}",
        words.say_with(
            "verify-right",
            &[
                ("origin", origin.to_owned()),
                ("entries", ledger.entries.to_string()),
                ("tiles", ledger.tiles.to_string()),
                ("checkpoints", ledger.checkpoints.to_string()),
                ("erased", ledger.erased.to_string()),
                ("evidence", report.evidence.to_string()),
                ("named", ledger.evidence.to_string()),
            ]
        )
    );
    more(ledger, words)?;
    match (report.published, report.gone_on) {
        (Some(size), _) => tell!(
            "{}",
            words.say_with("verify-published", &[("size", size.to_string())])
        ),
        (None, Some(size)) => tell!(
            "{}",
            words.say_with("verify-gone-on", &[("size", size.to_string())])
        ),
        (None, None) => tell!("{}", words.say("verify-unpublished")),
    }
    Ok(())
}

fn right_published(
    origin: &str,
    report: &Report,
    format: Plain,
    words: Words,
) -> Result<(), Failure> {
    if format == Plain::Json {
        tell!("{:#}", as_json(origin, report));
        return Ok(());
    }
    tell!(
        "{}",
        words.say_with(
            "verify-right-published",
            &[
                ("origin", origin.to_owned()),
                ("entries", report.entries.to_string()),
                ("tiles", report.tiles.to_string()),
            ]
        )
    );
    more(report, words)
}

/// Earlier checkpoints, witnesses, losses that the ledger tells of.
fn more(report: &Report, words: Words) -> Result<(), Failure> {
    if report.continued > 0 {
        let count = report.continued.to_string();
        tell!(
            "{}",
            words.say_with("verify-continued", &[("count", count)])
        );
    }
    if report.cosigned > 0 {
        let count = report.cosigned.to_string();
        tell!("{}", words.say_with("verify-cosigned", &[("count", count)]));
    }
    for gap in &report.gaps {
        tell!(
            "{}",
            words.say_with(
                "verify-gap",
                &[
                    ("origin", gap.origin.clone()),
                    ("from", gap.kept.to_string()),
                    ("to", gap.known.saturating_sub(1).to_string()),
                    ("by", gap.decided_by.to_string()),
                    ("reason", gap.reason.clone()),
                ]
            )
        );
    }
    if report.in_gap > 0 {
        let count = report.in_gap.to_string();
        tell!("{}", words.say_with("verify-in-gap", &[("count", count)]));
    }
    Ok(())
}

fn as_json(origin: &str, report: &Report) -> serde_json::Value {
    let gaps: Vec<_> = report
        .gaps
        .iter()
        .map(|gap| {
            json!({
                "origin": gap.origin,
                "kept": gap.kept,
                "known": gap.known,
                "decided_by": gap.decided_by,
                "reason": gap.reason,
            })
        })
        .collect();
    json!({
        "origin": origin,
        "right": true,
        "entries": report.entries,
        "tiles": report.tiles,
        "checkpoints": report.checkpoints,
        "cosigned": report.cosigned,
        "erased": report.erased,
        "continued": report.continued,
        "in_gap": report.in_gap,
        "gaps": gaps,
    })
}

fn said(position: Option<u64>, fault: &Text, format: Plain, words: Words) -> Result<(), Failure> {
    if format == Plain::Json {
        let all = json!({
            "right": false,
            "position": position,
            "fault": { "zh": fault.zh, "en": fault.en },
        });
        tell!("{all:#}");
        return Ok(());
    }
    let fault = words.of(fault).to_owned();
    match position {
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
            let text = of_publish(error);
            Text::new(text.zh, text.en)
        }
        NodeWrong::Changed(path) => Text::new(
            format!("佐证材料 {} 与它的名字不符:内容被改过", path.display()),
            format!(
                "the evidence {} is not what its name says: it was changed",
                path.display()
            ),
        ),
    }
}

fn part(name: &str) -> &str {
    match name {
        "envelope" => "信封",
        "payload" => "内容",
        "leaf" => "叶",
        other => other,
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
            let whose = match *whose {
                "stored" => "所存",
                "cosigned" => "经见证",
                "old" => "旧源",
                _ => "先前",
            };
            format!("{size} 条的树与签名的不同({whose}的检查点)")
        }
        Fault::Signature { size, problem } => format!("{size} 条的检查点:{problem}"),
        Fault::Shorter { size, actual } => {
            format!("账本只有 {actual} 条,而先前的检查点有 {size} 条")
        }
        Fault::Unsigned => "这一条不在任何检查点之下".to_owned(),
        Fault::Origin(problem) => format!("新源的开头自相矛盾:{problem}"),
        Fault::Evidence(name) => format!("佐证材料 {name} 被改过"),
        Fault::NoEvidence(name) => format!("佐证材料 {name} 不在了,而没有事件说它被删除"),
        Fault::Store(problem) => format!("数据库:{problem}"),
    }
}
