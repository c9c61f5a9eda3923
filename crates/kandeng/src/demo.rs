//! `kandeng demo`: a small fictional county written, screened and marked, to see what Kandeng does.

use std::path::PathBuf;
use std::process::ExitCode;

use kandeng_supervise::synth::{Format, SynthOptions};

use crate::args::{Demo, How, Reader, Screen};
use crate::failure::Failure;
use crate::language::Words;
use crate::{screen, synth};

/// Projects of the demonstration: enough for every rule to find something.
const PROJECTS: usize = 300;

/// JPEG files beside the workbook.
const PHOTOS: usize = 60;

pub(crate) fn run(options: &Demo, words: Words) -> Result<ExitCode, Failure> {
    let folder = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from("kandeng-demo"));
    let mut county = SynthOptions::new(PROJECTS, 1, synth::AS_OF);
    county.photos = Some(PHOTOS);
    let written = synth::write(&county, Format::Xlsx, &folder, words)?;
    let Some(workbook) = written
        .files
        .iter()
        .find(|file| file.extension().is_some_and(|kind| kind == "xlsx"))
    else {
        return Err(Failure::wrong("没有写出工作簿", "no workbook was written"));
    };
    tell!(
        "{}\n",
        words.say_with(
            "demo-county",
            &[
                ("projects", PROJECTS.to_string()),
                ("workbook", workbook.display().to_string()),
                ("answers", written.answers.to_string()),
            ]
        )
    );
    let photos = folder.join("photos");
    let screen = Screen {
        input: vec![workbook.clone()],
        how: How {
            as_of: Some(synth::AS_OF),
            audience: Some(Reader::Officer),
            photos: photos.is_dir().then_some(photos),
            // A fictional county gets a key of its own, not this machine's.
            key: Some(folder.join("identity.key")),
            ..How::default()
        },
        format: None,
        output: None,
        fail_on: None,
        hide_numbers: false,
        into: None,
    };
    let code = screen::run(&screen, words)?;
    tell!("\n{}", words.say("demo-next"));
    Ok(code)
}
