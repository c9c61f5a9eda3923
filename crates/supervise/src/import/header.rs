//! Which declared column a header names: by label, key or alias, in any order, with a unit or not.
//! Pure; what is missing or unknown is told by the sheet's reader.

use std::collections::HashMap;

use super::value::{half_width, money};
use crate::filing::{Column, Field, Filing, Sheet};

/// The unit a header names for its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderUnit {
    /// Fen to one of the unit.
    Money(i64),
    /// A unit of scale.
    Scale(String),
}

/// What a header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The declared column's place.
    pub column: usize,
    /// The unit, where one is named.
    pub unit: Option<HeaderUnit>,
    /// What stands where the unit of an amount or a quantity would, and is none.
    pub no_unit: Option<String>,
}

/// All headers that a sheet may have.
pub(crate) struct Headers<'a> {
    sheet: &'a Sheet,
    filing: &'a Filing,
    names: HashMap<String, usize>,
}

impl<'a> Headers<'a> {
    /// The headers of a sheet. A label goes before another column's alias.
    pub fn of(filing: &'a Filing, sheet: &'a Sheet) -> Self {
        let mut names = HashMap::new();
        let ways: [fn(&Column) -> Vec<&String>; 2] = [
            |column| vec![&column.key, &column.zh, &column.en],
            |column| column.aliases.iter().collect(),
        ];
        for way in ways {
            for (index, column) in sheet.columns.iter().enumerate() {
                for name in way(column) {
                    names.entry(plain(name)).or_insert(index);
                    names.entry(plain(&without_brackets(name))).or_insert(index);
                }
            }
        }
        Self {
            sheet,
            filing,
            names,
        }
    }

    /// The column that a header names, if any.
    pub fn read(&self, header: &str) -> Option<Named> {
        let whole = plain(header);
        if let Some(column) = self.names.get(&whole) {
            return Some(Named {
                column: *column,
                unit: None,
                no_unit: None,
            });
        }
        let (name, unit) = split_unit(&whole)?;
        let column = *self.names.get(name)?;
        let unit = unit
            .strip_prefix("单位:")
            .or(unit.strip_prefix("单位"))
            .unwrap_or(unit);
        let known = match self.sheet.columns[column].field {
            Field::Money => money::unit(unit).map(HeaderUnit::Money),
            Field::Quantity => self
                .filing
                .units
                .canonical(unit)
                .map(|unit| HeaderUnit::Scale(unit.to_owned())),
            _ => {
                return Some(Named {
                    column,
                    unit: None,
                    no_unit: None,
                });
            }
        };
        Some(Named {
            column,
            no_unit: known.is_none().then(|| unit.to_owned()),
            unit: known,
        })
    }

    /// How many of these cells are headers.
    pub fn matches<'c>(&self, cells: impl Iterator<Item = &'c str>) -> usize {
        cells.filter(|cell| self.read(cell).is_some()).count()
    }

    /// The declared label most like an unknown header, for the person to compare.
    pub fn nearest(&self, header: &str) -> Option<&'a Column> {
        let header = plain(&without_brackets(header));
        let scored = self.sheet.columns.iter().map(|column| {
            let likeness = [&column.zh, &column.key, &column.en]
                .into_iter()
                .map(|name| likeness(&header, &plain(&without_brackets(name))))
                .fold(0.0, f64::max);
            (likeness, column)
        });
        scored
            .filter(|(likeness, _)| *likeness >= 0.5)
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, column)| column)
    }
}

/// The unit of all amounts as a line above the table names it: `单位:万元`, `(金额单位:人民币元)`.
pub(crate) fn unit_of_amounts(line: &str) -> Option<i64> {
    let line = plain(line);
    let (_, unit) = line.split_once("单位:")?;
    let end = unit.find([')', ',', '、', ';', '/']).unwrap_or(unit.len());
    let unit = &unit[..end];
    money::unit(unit.strip_prefix("人民币").unwrap_or(unit))
}

/// A name as it is compared: half-width, lower case, no spaces or marks.
pub(crate) fn plain(name: &str) -> String {
    half_width(name)
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '*' | '"' | '\u{FEFF}'))
        .collect::<String>()
        .trim_end_matches([':', ','])
        .to_lowercase()
}

fn without_brackets(name: &str) -> String {
    let name = half_width(name);
    match name.split_once('(') {
        Some((before, after)) if !before.is_empty() => {
            let rest = after.split_once(')').map_or("", |(_, rest)| rest);
            format!("{before}{rest}")
        }
        _ => name,
    }
}

/// `合同金额(万元)`, `合同金额/万元`, `合同金额,万元`: the name and the unit.
fn split_unit(header: &str) -> Option<(&str, &str)> {
    if let Some(inner) = header.strip_suffix([')', ']', '】']) {
        let open = inner.rfind(['(', '[', '【'])?;
        let after = inner[open..].chars().next()?.len_utf8();
        return Some((&inner[..open], &inner[open + after..]));
    }
    header.rsplit_once(['/', ',', ':', '_'])
}

/// Pairs of neighbouring letters that two names share, 0 to 1.
fn likeness(one: &str, other: &str) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let pairs = |name: &str| {
        let letters: Vec<char> = std::iter::once('^')
            .chain(name.chars())
            .chain(std::iter::once('$'))
            .collect();
        letters
            .windows(2)
            .map(|pair| (pair[0], pair[1]))
            .collect::<Vec<_>>()
    };
    let (one, mut other) = (pairs(one), pairs(other));
    let all = one.len() + other.len();
    let shared = one
        .iter()
        .filter(
            |pair| match other.iter().position(|candidate| candidate == *pair) {
                Some(place) => {
                    other.swap_remove(place);
                    true
                }
                None => false,
            },
        )
        .count();
    2.0 * shared as f64 / all as f64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_by_label_key_alias_and_with_its_unit() {
        let filing = Filing::embedded();
        let sheet = filing.sheet("projects").unwrap();
        let headers = Headers::of(filing, sheet);
        let key = |header: &str| {
            headers
                .read(header)
                .map(|named| &*sheet.columns[named.column].key)
        };
        assert_eq!(key(" 项目编码 * "), Some("project_code"));
        assert_eq!(key("Project Code"), Some("project_code"));
        assert_eq!(key("村（社区）代码"), Some("village_code"));
        assert_eq!(key("测量精度(米)"), Some("boundary_accuracy_m"));
        assert_eq!(key("备注"), None);
        let unit = |header: &str| headers.read(header).and_then(|named| named.unit);
        assert_eq!(
            unit("合同金额（万元）"),
            Some(HeaderUnit::Money(money::WAN))
        );
        assert_eq!(
            unit("合同金额（单位：元）"),
            Some(HeaderUnit::Money(money::YUAN))
        );
        assert_eq!(
            unit("建设规模(公顷)"),
            Some(HeaderUnit::Scale("公顷".to_owned()))
        );
        assert_eq!(
            headers.nearest("合同总金额").unwrap().key,
            "contract_amount"
        );
        assert!(headers.nearest("备注").is_none());
    }

    #[test]
    fn a_line_above_the_table_may_name_the_unit_of_its_amounts() {
        assert_eq!(unit_of_amounts("单位:万元"), Some(money::WAN));
        assert_eq!(unit_of_amounts("（金额单位：人民币元）"), Some(money::YUAN));
        assert_eq!(unit_of_amounts("单位：万元、亩"), Some(money::WAN));
        for line in ["填报单位:示例县财政局", "单位:亩", "单位", "万元"] {
            assert_eq!(unit_of_amounts(line), None, "{line}");
        }
    }
}
