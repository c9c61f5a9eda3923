//! `kandeng ledger tail|show|stats`: what the ledger holds, as text or JSON. Personal values are not in it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kandeng_ledger::store::{Reader, Stored};
use kandeng_ledger::{Opened, Part};
use kandeng_platform::node::Folder;
use serde_json::{Value, json};

use crate::args::{Ledger, LedgerCommand, Plain};
use crate::failure::Failure;
use crate::language::Words;
use crate::progress::bar;

/// Entries that are read at once.
const PAGE: usize = 4_096;

/// How often a follower looks for more.
const LOOK: Duration = Duration::from_millis(250);

pub(crate) fn run(options: &Ledger, words: Words) -> Result<ExitCode, Failure> {
    match &options.command {
        LedgerCommand::Tail {
            dir,
            count,
            follow,
            format,
        } => tail(&Folder::open(dir)?, *count, *follow, *format)?,
        LedgerCommand::Show {
            dir,
            position,
            format,
        } => show(&Folder::open(dir)?, *position, *format, words)?,
        LedgerCommand::Stats { dir, format } => stats(&Folder::open(dir)?, *format, words)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn size(reader: &mut dyn Reader) -> Result<u64, Failure> {
    Ok(reader.checkpoint()?.map_or(0, |checkpoint| checkpoint.size))
}

fn tail(folder: &Folder, count: u64, follow: bool, format: Plain) -> Result<(), Failure> {
    let stop = crate::interrupt::flag();
    let mut reader = folder.reader()?;
    let mut position = size(reader.as_mut())?.saturating_sub(count);
    loop {
        // What is under no checkpoint yet was not acknowledged to anybody.
        let signed = size(reader.as_mut())?;
        while position < signed {
            let page = reader.entries(position, PAGE.min((signed - position) as usize))?;
            if page.is_empty() {
                break;
            }
            for stored in &page {
                match format {
                    Plain::Text => tell!("{}", line(stored)),
                    Plain::Json => tell!("{}", entry(stored)),
                }
            }
            position += page.len() as u64;
        }
        if !follow || stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// A part as JSON; nothing when it was erased.
fn part(opened: Option<&Opened>) -> Value {
    opened.map_or(Value::Null, |opened| {
        serde_json::from_slice(&opened.bytes).unwrap_or_else(|_| {
            // What is no JSON any more is shown as it stands; `verify` says that it was changed.
            Value::String(String::from_utf8_lossy(&opened.bytes).into_owned())
        })
    })
}

fn entry(stored: &Stored) -> Value {
    json!({
        "position": stored.position,
        "stream": stored.stream.as_str(),
        "version": stored.version,
        "envelope": part(stored.envelope.as_ref()),
        "payload": part(stored.payload.as_ref()),
    })
}

/// Position, time, what happened, to what, by whom.
fn line(stored: &Stored) -> String {
    let envelope = part(stored.envelope.as_ref());
    let text = |name: &str| envelope[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{:>8}  {}  {}  {}#{}  {}",
        stored.position,
        text("at"),
        text("kind"),
        stored.stream,
        stored.version,
        text("actor"),
    )
}

fn show(folder: &Folder, position: u64, format: Plain, words: Words) -> Result<(), Failure> {
    let mut reader = folder.reader()?;
    let size = size(reader.as_mut())?;
    let stored = reader
        .entries(position, 1)?
        .pop()
        .filter(|stored| stored.position == position && position < size)
        .ok_or_else(|| super::no_entry(position, size))?;
    // The smallest checkpoint that it is under: what its writer was answered with.
    let signed = reader.checkpoints(position + 1, 1)?.pop();
    let signed_at = signed.as_ref().map(|checkpoint| checkpoint.size);
    let fits = |which: Part, opened: Option<&Opened>| {
        opened.map(|opened| opened.commitment() == stored.leaf.commitment(which))
    };
    let leaf = stored.leaf.hash().to_string();
    let commitments = [
        ("envelope", Part::Envelope, stored.envelope.as_ref()),
        ("payload", Part::Payload, stored.payload.as_ref()),
    ];
    if format == Plain::Json {
        let mut shown = entry(&stored);
        shown["leaf_hash"] = json!(leaf);
        shown["signed_at"] = json!(signed_at);
        for (name, which, opened) in commitments {
            shown[format!("{name}_fits")] = json!(fits(which, opened));
        }
        tell!("{shown:#}");
        return Ok(());
    }
    tell!("{}", line(&stored));
    tell!("{}", words.say_with("show-leaf", &[("hash", leaf)]));
    let signed_at = signed_at.map_or_else(|| "-".to_owned(), |size| size.to_string());
    tell!("{}", words.say_with("show-signed", &[("size", signed_at)]));
    for (name, which, opened) in commitments {
        let name = words.name("part", name);
        let state = match fits(which, opened) {
            Some(true) => words.say("show-fits"),
            Some(false) => words.say("show-changed"),
            None => words.say("show-erased"),
        };
        tell!(
            "\n{}",
            words.say_with("show-part", &[("name", name), ("state", state)])
        );
        if opened.is_some() {
            tell!("{:#}", part(opened));
        }
    }
    Ok(())
}

/// What the whole ledger comes to.
#[derive(Default)]
struct Stats {
    kinds: BTreeMap<String, u64>,
    streams: BTreeMap<String, u64>,
    erased: u64,
    bytes: u64,
    first: Option<String>,
    last: Option<String>,
}

impl Stats {
    fn add(&mut self, stored: &Stored) {
        let envelope = part(stored.envelope.as_ref());
        let kind = envelope["kind"].as_str().unwrap_or("-");
        match self.kinds.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                self.kinds.insert(kind.to_owned(), 1);
            }
        }
        if stored.version == 0 {
            *self
                .streams
                .entry(stored.stream.kind().to_owned())
                .or_default() += 1;
        }
        for opened in [&stored.envelope, &stored.payload] {
            match opened {
                Some(opened) => self.bytes += opened.bytes.len() as u64,
                None => self.erased += 1,
            }
        }
        if let Some(at) = envelope["at"].as_str() {
            self.first.get_or_insert_with(|| at.to_owned());
            self.last = Some(at.to_owned());
        }
    }
}

fn stats(folder: &Folder, format: Plain, words: Words) -> Result<(), Failure> {
    let mut reader = folder.reader()?;
    let newest = reader.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let bar = bar(size, words.say("progress-read"));
    let mut stats = Stats::default();
    let mut position = 0;
    while position < size {
        let page = reader.entries(position, PAGE)?;
        if page.is_empty() {
            break;
        }
        page.iter()
            .take_while(|stored| stored.position < size)
            .for_each(|stored| stats.add(stored));
        position += page.len() as u64;
        bar.set_position(position);
    }
    bar.finish_and_clear();
    let published = match folder.second_place() {
        Some(second) => kandeng_ledger::Folder::new(second)
            .newest(&folder.trust()?)
            .map_err(kandeng_platform::node::NodeError::from)?
            .map(|checkpoint| checkpoint.size),
        None => None,
    };
    let root = newest.map(|checkpoint| checkpoint.root.to_string());
    if format == Plain::Json {
        let all = json!({
            "origin": folder.config.origin,
            "jurisdiction": folder.config.jurisdiction,
            "entries": size,
            "root": root,
            "published": published,
            "streams": stats.streams,
            "kinds": stats.kinds,
            "erased_parts": stats.erased,
            "bytes": stats.bytes,
            "first": stats.first,
            "last": stats.last,
        });
        tell!("{all:#}");
        return Ok(());
    }
    let dash = || "-".to_owned();
    tell!(
        "{}",
        words.say_with(
            "stats",
            &[
                ("origin", folder.config.origin.clone()),
                ("entries", size.to_string()),
                ("root", root.unwrap_or_else(dash)),
                (
                    "published",
                    published.map_or_else(dash, |size| size.to_string())
                ),
                ("erased", stats.erased.to_string()),
                ("bytes", stats.bytes.to_string()),
                ("first", stats.first.unwrap_or_else(dash)),
                ("last", stats.last.unwrap_or_else(dash)),
            ]
        )
    );
    for (heading, counts) in [
        ("stats-streams", &stats.streams),
        ("stats-kinds", &stats.kinds),
    ] {
        tell!("{}", words.say(heading));
        for (name, count) in counts {
            tell!("  {count:>9}  {name}");
        }
    }
    Ok(())
}
