//! `workbook.xml`: which sheets there are, and one more.

use super::MarkError;
use super::edit::Edits;
use super::package::Package;
use super::relations::Relations;
use super::wording::{clean, escaped};
use super::xml::{children, root};

/// Longest name of a sheet, in UTF-16 units.
const MAX_NAME: usize = 31;

/// The workbook's own part.
#[derive(Debug)]
pub(super) struct WorkbookPart {
    /// Its name in the package.
    pub(super) part: String,
    source: String,
    pub(super) relations: Relations,
    pub(super) strict: bool,
    /// Whether dates count from 1904.
    pub(super) from_1904: bool,
    names: Vec<String>,
    /// Name on the tab and part of each sheet that holds cells.
    worksheets: Vec<(String, String)>,
    next_sheet_id: u32,
}

impl WorkbookPart {
    /// Finds and reads it.
    pub(super) fn read(package: &mut Package) -> Result<Self, MarkError> {
        let main = package
            .relations("")?
            .first("officeDocument")
            .and_then(|relation| relation.target.clone());
        let part = main.ok_or_else(|| package.not_a_workbook())?;
        let source = package
            .text(&part)?
            .ok_or_else(|| package.not_a_workbook())?;
        let relations = package.relations(&part)?;
        let whole = root(&part, &source)?;
        if whole.open.name() != "workbook" {
            return Err(package.not_a_workbook());
        }
        let strict = whole.open.is_strict();
        let mut from_1904 = false;
        let (mut names, mut worksheets, mut next_sheet_id) = (Vec::new(), Vec::new(), 1);
        for child in children(&part, &source, whole.inside, 1)? {
            match child.open.name() {
                "workbookPr" => {
                    from_1904 = child
                        .open
                        .attribute("date1904")
                        .is_some_and(|value| value == "1" || value == "true");
                }
                "sheets" => {
                    for sheet in children(&part, &source, child.inside, 2)? {
                        let name = sheet
                            .open
                            .attribute("name")
                            .unwrap_or_default()
                            .into_owned();
                        let id = sheet.open.prefixed_attribute("id").unwrap_or_default();
                        let relation = relations
                            .by_id(&id)
                            .filter(|relation| relation.is("worksheet"));
                        if let Some(target) = relation.and_then(|relation| relation.target.clone())
                        {
                            worksheets.push((name.clone(), target));
                        }
                        names.push(name);
                        next_sheet_id = next_sheet_id
                            .max(sheet.open.number("sheetId").unwrap_or(0).saturating_add(1));
                    }
                }
                _ => {}
            }
        }
        Ok(Self {
            part,
            source,
            relations,
            strict,
            from_1904,
            names,
            worksheets,
            next_sheet_id,
        })
    }

    /// The part of a sheet.
    pub(super) fn worksheet(&self, name: &str) -> Result<&str, MarkError> {
        let found = self.worksheets.iter().find(|(found, _)| found == name);
        let found = found.or_else(|| {
            self.worksheets
                .iter()
                .find(|(found, _)| same_name(found, name))
        });
        found
            .map(|(_, part)| part.as_str())
            .ok_or_else(|| MarkError::NoSuchSheet {
                sheet: name.to_owned(),
            })
    }

    /// A name for a new sheet.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        free_name(wanted, &self.names)
    }

    /// Adds a sheet behind the last one; its name must be free. The changed part.
    pub(super) fn with_sheet(&mut self, name: &str, target: &str) -> Result<String, MarkError> {
        let id = self.relations.add("worksheet", target, self.strict);
        let whole = root(&self.part, &self.source)?;
        let lists = children(&self.part, &self.source, whole.inside.clone(), 1)?;
        let sheets = lists
            .iter()
            .find(|list| list.open.name() == "sheets")
            .ok_or_else(|| MarkError::damaged(&self.part, "no sheets"))?;
        let mut edits = Edits::default();
        edits.append(
            sheets,
            &format!(
                "<{}sheet name=\"{}\" sheetId=\"{}\" {}/>",
                whole.open.prefix(),
                escaped(name),
                self.next_sheet_id,
                whole.open.relation_attribute(&id)
            ),
        );
        Ok(edits.applied(&self.source))
    }
}

/// Names of sheets differ in more than case.
fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// A name that Excel accepts and that no sheet has: `wanted`, or `wanted (2)` and so on.
pub(super) fn free_name(wanted: &str, taken: &[String]) -> String {
    let allowed: String = clean(wanted)
        .chars()
        .map(|c| {
            if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\n' | '\t') {
                ' '
            } else {
                c
            }
        })
        .collect();
    let allowed = allowed.trim_matches(['\'', ' ']);
    let allowed = if allowed.is_empty() { "Sheet" } else { allowed };
    let mut number = 1;
    loop {
        let suffix = if number == 1 {
            String::new()
        } else {
            format!(" ({number})")
        };
        let mut name = String::new();
        let mut room = MAX_NAME - suffix.len();
        for c in allowed.chars() {
            let Some(rest) = room.checked_sub(c.len_utf16()) else {
                break;
            };
            room = rest;
            name.push(c);
        }
        name.push_str(&suffix);
        if !taken.iter().any(|known| same_name(known, &name)) {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_gets_a_name_that_is_allowed_and_free() {
        let taken = ["疑点".to_owned(), "疑点 (2)".to_owned(), "ABOUT".to_owned()];
        assert_eq!(free_name("疑点", &taken), "疑点 (3)");
        assert_eq!(free_name("About", &taken), "About (2)");
        assert_eq!(free_name("a/b:[c]", &[]), "a b  c");
        assert_eq!(
            free_name(&"长".repeat(40), &["长".repeat(31)])
                .chars()
                .count(),
            31
        );
        assert_eq!(free_name("''", &[]), "Sheet");
    }
}
