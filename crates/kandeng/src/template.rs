//! `kandeng template`: the workbook to fill in.

use std::path::PathBuf;
use std::process::ExitCode;

use kandeng_screening::Language;
use kandeng_supervise::filing::template::{self, Wording};

use crate::args::Template;
use crate::failure::Failure;
use crate::language::Words;
use crate::rules::filing_of;

pub(crate) fn run(options: &Template, words: Words) -> Result<ExitCode, Failure> {
    let filing = filing_of(options.filing.as_ref())?;
    let path = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(words.say("template-file")));
    let wording = match words.language {
        Language::Zh => Wording::Zh,
        Language::En => Wording::En,
    };
    template::write(&path, &filing, wording).map_err(|error| Failure::Wrong(error.text()))?;
    tell!(
        "{}",
        words.say_with("template-written", &[("path", path.display().to_string())])
    );
    Ok(ExitCode::SUCCESS)
}
