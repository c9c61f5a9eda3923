//! The rule packs that this build carries, and how a county's own rules join them.

use std::path::PathBuf;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use kandeng_screening::pack::{Pack, PackError, PackFiles, Rule};
use kandeng_screening::{Filled, ItemCheck, Items, Labels, Text};

use crate::filing::{self, Filing};

static COUNTY: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules/county");
static OCDS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules/ocds");

/// The rules for filings of public projects; files of `own` folders are added or replace ours.
///
/// # Errors
/// Everything that is wrong in the files, with file and line.
pub fn county(filing: &Filing, own: &[PathBuf]) -> Result<Pack, Vec<PackError>> {
    let files = gather(&COUNTY, own)?;
    let mut declared = filing.tables();
    declared.retain(|table| table.name != ALLOWED_UNITS);
    let registers = filing.registers();
    let optional: Vec<String> = registers.iter().map(|table| table.name.clone()).collect();
    let units = filing
        .tables()
        .into_iter()
        .find(|table| table.name == ALLOWED_UNITS);
    declared.extend(registers);
    let mut pack = Pack::load(files, declared, Some(&items(filing)))?.with_optional(optional);
    if let Some(units) = units {
        pack = pack.with_constant(units, Arc::new(filing.allowed_units()));
    }
    Ok(pack)
}

/// The table that is the same for every county.
const ALLOWED_UNITS: &str = "allowed_units";

/// The rules for open contracting data; files of `own` folders are added or replace ours.
///
/// # Errors
/// Everything that is wrong in the files, with file and line.
pub fn ocds(own: &[PathBuf]) -> Result<Pack, Vec<PackError>> {
    Pack::load(gather(&OCDS, own)?, Vec::new(), None)
}

/// Whether a rule is one that this build carries, as it carries it.
pub fn is_ours(rule: &Rule) -> bool {
    [&COUNTY, &OCDS].into_iter().any(|folder| {
        folder
            .get_file(&rule.file)
            .and_then(|file| file.contents_utf8())
            .is_some_and(|text| text == rule.source)
    })
}

fn gather(embedded: &'static Dir<'static>, own: &[PathBuf]) -> Result<PackFiles, Vec<PackError>> {
    let mut texts = Vec::new();
    collect(embedded, &mut texts);
    let mut files = PackFiles::from_texts(texts).vouched();
    for folder in own {
        files.extend(PackFiles::from_folder(folder).map_err(|error| vec![error])?);
    }
    Ok(files)
}

fn collect(folder: &'static Dir<'static>, texts: &mut Vec<(&'static str, &'static str)>) {
    for file in folder.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            texts.push((path, text));
        }
    }
    for inner in folder.dirs() {
        collect(inner, texts);
    }
}

/// The items of a filing, as the engine derives its table `items` from them.
pub fn items(filing: &Filing) -> Items {
    let checks = filing.item_checks().into_iter().map(|check| ItemCheck {
        item: check.item,
        category: check.category,
        label: check.label,
        applies: check.applies,
        required: check.required,
        filled: match check.filled {
            filing::Filled::Own(sql) => Filled::Own(sql),
            filing::Filled::Rows { table, columns } => Filled::Rows { table, columns },
        },
    });
    Items {
        subject: "project".to_owned(),
        checks: checks.collect(),
    }
}

/// How items, categories and choices are called in sentences.
pub fn labels(filing: &Filing) -> Labels {
    let mut labels = Labels::new();
    let items = labels.entry("item".to_owned()).or_default();
    for (_, item) in filing.items() {
        items.insert(item.key.clone(), Text::new(&*item.zh, &*item.en));
    }
    let categories = labels.entry("category".to_owned()).or_default();
    for category in &filing.categories {
        categories.insert(
            category.key.clone(),
            Text::new(&*category.zh, &*category.en),
        );
    }
    for sheet in &filing.sheets {
        for column in &sheet.columns {
            let Some(choices) = column
                .choices
                .as_ref()
                .and_then(|key| filing.choices.get(key))
            else {
                continue;
            };
            let known = labels.entry(column.key.clone()).or_default();
            for choice in choices {
                known.insert(choice.key.clone(), Text::new(&*choice.zh, &*choice.en));
            }
        }
    }
    labels
}
