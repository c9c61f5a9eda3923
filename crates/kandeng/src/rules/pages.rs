//! `kandeng rules docs`: one page for each rule and an index, in a folder for each language.

use std::fmt::Write as _;
use std::path::Path;

use kandeng_screening::Language;
use kandeng_supervise::filing::Filing;
use kandeng_supervise::measured::Measured;

use super::page::{Reader, page, rate};
use super::{Shelf, audience_key, severity_key, shelf_key};
use crate::failure::Failure;
use crate::language::Words;
use crate::whole_file::write_file;

/// Writes `README.md`, and for each language a folder with its own index and pages. Returns how many pages.
pub(super) fn write_all(
    shelves: &[Shelf],
    filing: &Filing,
    folder: &Path,
) -> Result<usize, Failure> {
    let mut count = 0;
    let mut door = String::from("# 规则 Rules\n\n");
    for language in [Language::Zh, Language::En] {
        let words = Words::new(language);
        let inner = folder.join(words.say("page-folder"));
        std::fs::create_dir_all(&inner).map_err(Failure::unwritten(&inner))?;
        let _ = writeln!(
            door,
            "- [{}]({}/README.md)",
            words.say("page-language"),
            words.say("page-folder")
        );
        write(&inner.join("README.md"), &index(shelves, words))?;
        for shelf in shelves {
            for rule in &shelf.pack.rules {
                let mut text = page(&shelf.pack, filing, rule, Reader::Anybody, words);
                let _ = writeln!(text, "\n{}", ways_on(&rule.id, words));
                write(&inner.join(format!("{}.md", rule.id)), &text)?;
                count += 1;
            }
        }
    }
    write(&folder.join("README.md"), &door)?;
    Ok(count)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    write_file(path, |out| out.write_all(text.as_bytes()))
}

/// To the index, and to the same page in the other language.
fn ways_on(file: &str, words: Words) -> String {
    let other = Words::new(match words.language {
        Language::Zh => Language::En,
        Language::En => Language::Zh,
    });
    format!(
        "[{}](README.md) · [{}](../{}/{file}.md)",
        words.say("page-index"),
        other.say("page-language"),
        other.say("page-folder")
    )
}

/// All rules with what was measured of each.
fn index(shelves: &[Shelf], words: Words) -> String {
    let mut text = format!(
        "# {}\n\n{}\n",
        words.say("page-index"),
        words.say("page-index-note")
    );
    for shelf in shelves {
        let measured = Measured::of(&shelf.pack);
        let _ = writeln!(
            text,
            "\n## {}\n\n{}\n|---|---|---|---|---|---|",
            words.say(shelf_key(shelf)),
            words.say("page-index-head")
        );
        for rule in &shelf.pack.rules {
            let figures: Vec<_> = measured.figures(rule).collect();
            let (found, planted) = figures.iter().fold((0, 0), |(found, planted), line| {
                (found + line.found, planted + line.planted)
            });
            let rates: Vec<_> = figures
                .iter()
                .filter(|line| line.judged > 0)
                .map(|line| rate(line))
                .collect();
            let _ = writeln!(
                text,
                "| [{id}]({id}.md) | {} | {} | {} | {found} / {planted} | {} |",
                words.of(&rule.texts.title),
                words.say(audience_key(rule)),
                words.say(severity_key(rule.severity.name())),
                rates.join(&words.say("list-comma")),
                id = rule.id,
            );
        }
    }
    let _ = writeln!(text, "\n{}", ways_on("README", words));
    text
}
