//! Which table a sheet or a file fills, by its name.

use super::header::plain;
use crate::filing::{Filing, Sheet};

/// What a sheet's name says.
pub(crate) enum Named<'a> {
    /// It fills this table.
    Sheet(&'a Sheet),
    /// Written by Kandeng itself: instructions, or flags of an earlier run.
    Ours,
    /// Not known; perhaps this one was meant.
    Unknown(Option<&'a Sheet>),
}

/// The names that sheets go by.
pub(crate) struct SheetNames<'a> {
    sheets: Vec<&'a Sheet>,
}

impl<'a> SheetNames<'a> {
    /// Those of the declaration.
    pub fn of(filing: &'a Filing) -> Self {
        Self {
            sheets: filing.sheets.iter().chain(&filing.registers).collect(),
        }
    }

    /// Which sheet a name names: a table's key, label or alias, a number before it or not.
    pub fn read(&self, name: &str) -> Named<'a> {
        let name = plain(name);
        let bare = name.trim_start_matches(|letter: char| {
            letter.is_ascii_digit() || matches!(letter, '.' | '、' | '-' | '_')
        });
        let same = |sheet: &&&'a Sheet| {
            [&sheet.table, &sheet.zh, &sheet.en]
                .into_iter()
                .chain(&sheet.aliases)
                .map(|way| plain(way))
                .any(|way| way == name || way == bare)
        };
        if let Some(sheet) = self.sheets.iter().find(same) {
            return Named::Sheet(sheet);
        }
        let ours = ["疑点", "说明", "填报说明", "flags", "instructions"];
        let unnumbered = name
            .split_once('(')
            .map_or(name.as_str(), |(before, _)| before);
        if ours.contains(&unnumbered) {
            return Named::Ours;
        }
        let near = |sheet: &&&'a Sheet| {
            let (zh, table) = (plain(&sheet.zh), plain(&sheet.table));
            bare.contains(&zh)
                || bare.contains(&table)
                || (bare.chars().count() >= 2 && zh.contains(bare))
        };
        Named::Unknown(self.sheets.iter().find(near).copied())
    }
}
