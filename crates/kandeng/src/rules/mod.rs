//! The pack itself: listed, explained, tested, documented, profiled.

mod page;
mod pages;
mod profile;

use std::path::PathBuf;
use std::process::ExitCode;

use kandeng_screening::pack::{Pack, Rule};
use kandeng_screening::{Items, fixture};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::packs;

use crate::args::{Rules, RulesCommand};
use crate::failure::Failure;
use crate::language::Words;
use crate::screen::folder_is_there;

pub(crate) fn run(options: &Rules, words: Words) -> Result<ExitCode, Failure> {
    if let RulesCommand::Profile { input, how, plans } = &options.command {
        return profile::run(options, input, how, *plans, words);
    }
    for folder in &options.rules {
        folder_is_there(folder)?;
    }
    let filing = filing_of(options.filing.as_ref())?;
    let shelves = shelves(&filing, &options.rules)?;
    match &options.command {
        RulesCommand::List => list(&shelves, words)?,
        RulesCommand::Show { id } => {
            let (shelf, rule) = find(&shelves, id)?;
            tell!(
                "{}",
                page::page(&shelf.pack, &filing, rule, page::Reader::Here, words)
            );
        }
        RulesCommand::Test { ids } => return test(&shelves, ids, words),
        RulesCommand::Docs { output } => {
            let folder = output
                .clone()
                .unwrap_or_else(|| PathBuf::from("docs/rules"));
            let pages = pages::write_all(&shelves, &filing, &folder)?;
            tell!(
                "{}",
                words.say_with(
                    "rules-docs-written",
                    &[
                        ("pages", pages.to_string()),
                        ("folder", folder.display().to_string())
                    ]
                )
            );
        }
        RulesCommand::Profile { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// A pack with what its tables are derived from.
pub(crate) struct Shelf {
    pub name: &'static str,
    pub pack: Pack,
    pub items: Option<Items>,
}

/// The declaration of a county's own, or ours.
pub(crate) fn filing_of(path: Option<&PathBuf>) -> Result<Filing, Failure> {
    let Some(path) = path else {
        return Ok(Filing::embedded().clone());
    };
    let text = std::fs::read_to_string(path).map_err(Failure::unread(path))?;
    Filing::load(&text).map_err(|error| Failure::Wrong(error.text()))
}

/// Both packs; a county's own folders join the one whose subjects their rules name.
fn shelves(filing: &Filing, own: &[PathBuf]) -> Result<Vec<Shelf>, Failure> {
    let (county, ocds): (Vec<_>, Vec<_>) = own.iter().cloned().partition(|folder| !is_ocds(folder));
    Ok(vec![
        Shelf {
            name: "county",
            pack: packs::county(filing, &county).map_err(Failure::Rules)?,
            items: Some(packs::items(filing)),
        },
        Shelf {
            name: "ocds",
            pack: packs::ocds(&ocds).map_err(Failure::Rules)?,
            items: None,
        },
    ])
}

/// A folder of rules over open contracting data says so by its `pack.toml` or its name.
fn is_ocds(folder: &std::path::Path) -> bool {
    folder.file_name().is_some_and(|name| name == "ocds")
}

fn list(shelves: &[Shelf], words: Words) -> Result<(), Failure> {
    for shelf in shelves {
        tell!("{}", words.say(shelf_key(shelf)));
        for rule in &shelf.pack.rules {
            tell!(
                "  {:<5} {:<8} {:<8} {}",
                rule.id,
                words.say(audience_key(rule)),
                words.say(severity_key(rule.severity.name())),
                words.of(&rule.texts.title)
            );
        }
    }
    Ok(())
}

fn shelf_key(shelf: &Shelf) -> &'static str {
    match shelf.name {
        "county" => "rules-county",
        _ => "rules-ocds",
    }
}

pub(crate) fn audience_key(rule: &Rule) -> &'static str {
    match rule.audience.name() {
        "filer" => "audience-filer",
        "officer" => "audience-officer",
        _ => "audience-both",
    }
}

pub(crate) fn severity_key(name: &str) -> &'static str {
    match name {
        "high" => "severity-high",
        "medium" => "severity-medium",
        _ => "severity-low",
    }
}

fn find<'a>(shelves: &'a [Shelf], id: &str) -> Result<(&'a Shelf, &'a Rule), Failure> {
    shelves
        .iter()
        .find_map(|shelf| shelf.pack.rule(id).map(|rule| (shelf, rule)))
        .ok_or_else(|| Failure::no_rule(id))
}

/// Runs the fixtures; exit status 1 when one is not as expected.
fn test(shelves: &[Shelf], ids: &[String], words: Words) -> Result<ExitCode, Failure> {
    let chosen: Vec<(&Shelf, &Rule)> = if ids.is_empty() {
        shelves
            .iter()
            .flat_map(|shelf| shelf.pack.rules.iter().map(move |rule| (shelf, rule)))
            .collect()
    } else {
        ids.iter()
            .map(|id| find(shelves, id))
            .collect::<Result<_, _>>()?
    };
    let mut failed = 0;
    for (shelf, rule) in &chosen {
        match fixture::check(&shelf.pack, shelf.items.as_ref(), rule) {
            Ok(cases) => {
                tell!(
                    "{}",
                    words.say_with(
                        "rules-test-ok",
                        &[("rule", rule.id.clone()), ("cases", cases.to_string())]
                    )
                );
            }
            Err(errors) => {
                failed += 1;
                tell!(
                    "{}",
                    words.say_with("rules-test-failed", &[("rule", rule.id.clone())])
                );
                for error in errors {
                    tell!(
                        "    {}:{}: {}",
                        error.file,
                        error.line,
                        words.of(&error.message)
                    );
                }
            }
        }
    }
    tell!(
        "{}",
        words.say_with(
            "rules-test-sum",
            &[
                ("passed", (chosen.len() - failed).to_string()),
                ("failed", failed.to_string())
            ]
        )
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
