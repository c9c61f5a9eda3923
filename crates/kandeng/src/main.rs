//! The command line of Kandeng: arguments, languages, exit codes. What is done lives in the rooms below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

mod args;
mod demo;
mod failure;
mod interrupt;
mod language;
mod progress;
mod rules;
mod screen;
mod synth;
mod template;

use std::process::ExitCode;

use args::{Cli, Command};
use failure::Failure;
use language::Words;

/// The input or the arguments were wrong.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    let words = Words::new(language::asked_for(std::env::args_os()));
    let cli = match args::parse(words) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { WRONG } else { 0 };
            // Nothing is left to do when even the help text cannot be printed.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match run(cli, words) {
        Ok(code) => code,
        Err(failure) => {
            for line in failure.lines(words) {
                eprintln!("{line}");
            }
            ExitCode::from(WRONG)
        }
    }
}

fn run(cli: Cli, words: Words) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Screen(options) => screen::run(&options, words),
        Command::Template(options) => template::run(&options, words),
        Command::Rules(options) => rules::run(&options, words),
        Command::Synth(options) => synth::run(&options, words),
        Command::Demo(options) => demo::run(&options, words),
    }
}
