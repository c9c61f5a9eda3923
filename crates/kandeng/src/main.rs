//! The command line of Kandeng: arguments, languages, exit codes. What is done lives in the rooms below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

/// Prints a line on stdout. Whoever reads it may stop reading; a full disk is an error, not a panic.
macro_rules! tell {
    ($($words:tt)*) => {
        crate::print_line(&format!($($words)*))?
    };
}

mod args;
mod demo;
mod failure;
mod help;
mod interrupt;
mod language;
mod node;
mod progress;
mod rules;
mod screen;
mod synth;
mod template;
mod usage;
mod whole_file;

use std::borrow::Cow;
use std::io::Write as _;
use std::process::ExitCode;

use kandeng_supervise::import::residents_masked;

use args::{Cli, Command};
use failure::Failure;
use language::Words;

/// The input or the arguments were wrong.
const WRONG: u8 = 2;

fn print_line(line: &str) -> Result<(), Failure> {
    let line = residents_masked(line);
    Failure::of_stdout(writeln!(std::io::stdout().lock(), "{line}"))
}

/// What came from outside as a terminal may show it: a name in an input may hold what would clear the screen, set its
/// title or turn a line around.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let harms = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(harms) {
        Cow::Owned(text.replace(harms, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// A line on stderr. There is nobody to tell when even that cannot be written.
pub(crate) fn complain(line: &str) {
    // A path or an argument may hold the number of a person.
    let line = residents_masked(line);
    let line: Vec<_> = line.split('\n').map(harmless).collect();
    let line = line.join("\n");
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn main() -> ExitCode {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Caught and told as an error: a library met a full disk.
        if !kandeng_supervise::system::is_guarded() {
            report(panic);
        }
    }));
    let words = Words::new(language::asked_for(std::env::args_os()));
    let cli = match args::parse(words) {
        Ok(cli) => cli,
        Err(error) => {
            return refuse(&error, words);
        }
    };
    match run(cli, words) {
        Ok(code) => code,
        Err(failure) => {
            for line in failure.lines(words) {
                complain(&line);
            }
            ExitCode::from(WRONG)
        }
    }
}

/// Help and version as they were asked for; what is wrong with the command line in our own words.
fn refuse(error: &clap::Error, words: Words) -> ExitCode {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing is left to do when even the help text cannot be printed.
            let _ = error.print();
        }
        _ => complain(&usage::explain(error, words)),
    }
    ExitCode::from(if error.use_stderr() { WRONG } else { 0 })
}

fn run(cli: Cli, words: Words) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Screen(options) => screen::run(&options, words),
        Command::Template(options) => template::run(&options, words),
        Command::Rules(options) => rules::run(&options, words),
        Command::Synth(options) => synth::run(&options, words),
        Command::Demo(options) => demo::run(&options, words),
        Command::Init(options) => node::init::run(&options, words),
        Command::Verify(options) => node::verify::run(&options, words),
        Command::Receipt(options) => node::receipt::run(&options, words),
        Command::Ledger(options) => node::ledger::run(&options, words),
        Command::Rebuild(options) => node::rebuild::run(&options, words),
        Command::Backup(options) => node::backup::run(&options, words),
        Command::Restore(options) => node::backup::bring_back(&options, words),
        Command::Migrate(options) => node::migrate::run(&options, words),
        Command::Vault(options) => node::vault::run(&options, words),
        Command::Notices(options) => node::notices::run(&options, words),
        Command::Invite(options) => node::serve::invite(&options, words),
        Command::Serve(options) => node::serve::run(&options, words),
        Command::Config(options) => node::serve::config(&options, words),
    }
}
