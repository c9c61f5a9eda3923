//! `kandeng demo`: a fictional county of the size of a real one, brought in through the ledger, vouched for, screened and
//! worked on for two months, served on this machine.
//!
//! Everything is done by the commands that people use, at times that have passed: the clock of the story is set by hand
//! until it has come to today.

mod accounts;
mod story;

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kandeng_platform::node::{Config, Node, init};
use kandeng_platform::{Clock as _, SystemClock};
use kandeng_screening::Language;
use kandeng_supervise::synth::{Format, SynthOptions};

use crate::args::Demo;
use crate::failure::Failure;
use crate::interrupt;
use crate::language::Words;
use crate::node::{scenes, serve};
use crate::synth;
use accounts::Accounts;

/// Where pages are, unless somebody says otherwise.
const PORT: u16 = 8_080;

/// The node, and the county's own files beside it.
const NODE: &str = "node";
const COUNTY: &str = "county";

/// The fictional county that the synthesis makes.
pub(crate) const JURISDICTION: &str = "990121";

/// The paths of all that may be opened, for who walks through it.
const PAGES: &str = "pages.txt";

/// There when all of it was made.
const DONE: &str = "demo-made";

/// There from the beginning: what a folder holds beside it was made by a demonstration, and may be made anew.
const BEGUN: &str = "demo-begun";

pub(crate) fn run(options: &Demo, words: Words) -> Result<ExitCode, Failure> {
    let temporary;
    let folder: &Path = match &options.dir {
        Some(folder) => folder,
        None => {
            temporary = tempfile::Builder::new()
                .prefix("kandeng-demo-")
                .tempdir()
                .map_err(Failure::unwritten(&std::env::temp_dir()))?;
            temporary.path()
        }
    };
    let node = folder.join(NODE);
    if options.make {
        end_with_who_started_this();
        make(options, folder, &node, words)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = interrupt::flag();
    let port = free_port(options.port)?;
    if !node.join(DONE).is_file() {
        let made = made_apart(options, folder, &stop, words)?;
        if stop.load(Ordering::Relaxed) {
            // Where nobody named the folder, it goes with this.
            return Ok(ExitCode::from(130));
        }
        if !made.success() {
            // It said why.
            let code = made.code().and_then(|code| u8::try_from(code).ok());
            return Ok(ExitCode::from(code.unwrap_or(2)));
        }
    }
    let accounts = Accounts::read(&folder.join(accounts::FILE))?;
    tell!("\n{}\n", words.say("demo-is-a-demo"));
    accounts.tell(words)?;
    tell!("\n{}", words.say("demo-try"));
    if options.dir.is_some() {
        let dir = folder.display().to_string();
        tell!("\n{}", words.say_with("demo-kept", &[("dir", dir)]));
    }
    accounts.tell_codes_when_asked(words);
    serve::at(&node, port, &folder.join(PAGES), words)
}

/// Makes the county in a process of its own: what that holds of memory would else stay with the pages for as long as
/// they are open.
fn made_apart(
    options: &Demo,
    folder: &Path,
    stop: &AtomicBool,
    words: Words,
) -> Result<ExitStatus, Failure> {
    let language = match words.language {
        Language::Zh => "zh",
        Language::En => "en",
    };
    let program = std::env::current_exe().map_err(Failure::unread(Path::new("kandeng")))?;
    let mut making = Command::new(program)
        .args(["demo", "--make", "--lang", language])
        .args(["--projects", &options.projects.to_string()])
        .arg("--dir")
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(Failure::unread(Path::new("kandeng")))?;
    // The end of the pipe tells the other that this one is gone, or that nobody waits for it any more.
    let mut pipe = making.stdin.take();
    loop {
        let made = making
            .try_wait()
            .map_err(Failure::unread(Path::new("kandeng")))?;
        if let Some(made) = made {
            return Ok(made);
        }
        if stop.load(Ordering::Relaxed) {
            drop(pipe.take());
        }
        std::thread::sleep(LOOKS);
    }
}

/// How often it is looked whether the other is done.
const LOOKS: Duration = Duration::from_millis(50);

/// Ends this process when the one that started it is gone: nobody waits for what it makes.
fn end_with_who_started_this() {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        std::process::exit(130);
    });
}

/// A port on this machine that is free now.
fn free_port(wanted: Option<u16>) -> Result<u16, Failure> {
    let is_free = |port: u16| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        listener.local_addr().ok().map(|address| address.port())
    };
    let taken = |port: u16| {
        Failure::wrong(
            format!("端口 {port} 已被占用;请用 --port 换一个"),
            format!("port {port} is taken; name another with --port"),
        )
    };
    match wanted {
        Some(port) => is_free(port).ok_or_else(|| taken(port)),
        None => is_free(PORT)
            .or_else(|| is_free(0))
            .ok_or_else(|| taken(PORT)),
    }
}

/// Takes a folder for a demonstration: an empty one, or one that has been taken before. What else somebody has there stays
/// theirs.
fn begin(folder: &Path) -> Result<(), Failure> {
    let begun = folder.join(BEGUN);
    if begun.is_file() {
        return Ok(());
    }
    for name in [NODE, COUNTY, accounts::FILE, PAGES] {
        let there = folder.join(name);
        if there.symlink_metadata().is_ok() {
            let there = there.display();
            return Err(Failure::wrong(
                format!("{there} 已存在,不是演示留下的;请用 --dir 换一个文件夹"),
                format!(
                    "{there} is there already, and no demonstration made it; name another folder with --dir"
                ),
            ));
        }
    }
    std::fs::create_dir_all(folder).map_err(Failure::unwritten(folder))?;
    std::fs::write(&begun, "").map_err(Failure::unwritten(&begun))
}

/// Makes the county. What a run that was cut off left is made anew.
fn make(options: &Demo, folder: &Path, node: &Path, words: Words) -> Result<(), Failure> {
    begin(folder)?;
    if node.exists() {
        std::fs::remove_dir_all(node).map_err(Failure::unwritten(node))?;
    }
    let county = folder.join(COUNTY);
    if county.exists() {
        std::fs::remove_dir_all(&county).map_err(Failure::unwritten(&county))?;
    }
    let today = story::day_of(SystemClock.now());
    // The story begins two months ago, and what is filed ends with the day before.
    let begins = story::beginning(today);
    let synthesis = SynthOptions::new(options.projects as usize, 1, begins);
    synth::write(&synthesis, Format::Csv, &county, words)?;
    tell!(
        "{}",
        words.say_with(
            "demo-synthesised",
            &[("projects", options.projects.to_string())]
        )
    );
    let made = init(node, &Config::new("demo.invalid/990121", JURISDICTION))?;
    let divisions = county.join("divisions.csv");
    let own = made.divisions();
    std::fs::copy(&divisions, &own).map_err(Failure::unwritten(&own))?;
    story::tell(node, &county, &folder.join(accounts::FILE), today, words)?;
    let done = node.join(DONE);
    std::fs::write(&done, "").map_err(Failure::unwritten(&done))
}

/// The node with its scenes, by a clock of its own.
fn opened(
    node: &Path,
    clock: std::sync::Arc<dyn kandeng_platform::Clock>,
) -> Result<Node, Failure> {
    let opening = kandeng_platform::node::Opening {
        clock,
        ..scenes::opening()
    };
    Ok(Node::open(node, opening)?)
}
