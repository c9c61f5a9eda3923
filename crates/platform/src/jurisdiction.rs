//! The tree of divisions: province, city, county, township, village, by code. A code begins with the code of
//! what it lies in (GB/T 2260 to the county, the statistical division codes below it).

use std::collections::BTreeMap;
use std::path::Path;

use crate::context::Text;

/// How many digits a code has at each level, from the province down.
pub const LEVELS: [usize; 5] = [2, 4, 6, 9, 12];

/// Whether `code` is the code of some level.
pub fn is_code(code: &str) -> bool {
    LEVELS.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `inner` is `outer` or lies in it.
///
/// ```
/// use kandeng_platform::jurisdiction::contains;
/// assert!(contains("990101", "990101003001"));
/// assert!(contains("990101", "990101"));
/// assert!(!contains("990101003", "990101"));
/// assert!(!contains("", "990101"));
/// ```
pub fn contains(outer: &str, inner: &str) -> bool {
    is_code(outer) && is_code(inner) && inner.starts_with(outer)
}

/// The codes of everything that `code` lies in, itself first, the province last.
///
/// ```
/// use kandeng_platform::jurisdiction::ancestors;
/// let above: Vec<&str> = ancestors("990101003").collect();
/// assert_eq!(above, ["990101003", "990101", "9901", "99"]);
/// ```
pub fn ancestors(code: &str) -> impl Iterator<Item = &str> {
    let digits = if is_code(code) { code.len() } else { 0 };
    LEVELS
        .into_iter()
        .rev()
        .filter(move |level| *level <= digits)
        .map(move |level| &code[..level])
}

/// How divisions are called: a table of codes and names that a county brings.
#[derive(Clone, Debug, Default)]
pub struct Divisions(BTreeMap<String, String>);

/// The most rows of such a table. The whole country has some 700,000 divisions.
const MOST_DIVISIONS: usize = 1_000_000;

impl Divisions {
    /// From a CSV whose first column is the code and whose second is the name, below a row of headers. Without the
    /// file nobody has a name.
    ///
    /// # Errors
    /// What is wrong in it, with the line.
    pub fn load(path: &Path) -> Result<Self, Text> {
        let shown = path.display();
        let mut rows = match csv::ReaderBuilder::new().flexible(true).from_path(path) {
            Ok(rows) => rows,
            Err(_) if !path.exists() => return Ok(Self::default()),
            Err(error) => {
                return Err(Text::new(
                    format!("{shown}:不能读取:{error}"),
                    format!("{shown}: cannot be read: {error}"),
                ));
            }
        };
        let mut names = BTreeMap::new();
        for (place, row) in rows.records().enumerate() {
            let line = place + 2;
            let row = row.map_err(|error| {
                Text::new(
                    format!("{shown} 第 {line} 行:{error}"),
                    format!("{shown}, line {line}: {error}"),
                )
            })?;
            let code = row
                .get(0)
                .unwrap_or_default()
                .trim()
                .trim_start_matches('\u{feff}');
            let name = row.get(1).unwrap_or_default().trim();
            if !is_code(code) || name.is_empty() || place >= MOST_DIVISIONS {
                return Err(Text::new(
                    format!("{shown} 第 {line} 行:应为 2、4、6、9 或 12 位区划代码和名称"),
                    format!(
                        "{shown}, line {line}: expected a division code of 2, 4, 6, 9 or 12 digits, and a name"
                    ),
                ));
            }
            names.insert(code.to_owned(), name.to_owned());
        }
        Ok(Self(names))
    }

    /// What a division is called; its code where nobody knows.
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).map_or(code, String::as_str)
    }

    /// Township and village of a code, as one says them: `云坪镇 石泉村`. From the township down; above, the one name.
    ///
    /// ```
    /// use kandeng_platform::jurisdiction::Divisions;
    /// let mut divisions = Divisions::default();
    /// divisions.insert("990101003", "云坪镇");
    /// divisions.insert("990101003001", "石泉村");
    /// assert_eq!(divisions.place("990101003001"), "云坪镇 石泉村");
    /// assert_eq!(divisions.place("990101003"), "云坪镇");
    /// assert_eq!(divisions.place("990101"), "990101");
    /// ```
    pub fn place(&self, code: &str) -> String {
        let mut names: Vec<&str> = ancestors(code)
            .filter(|above| above.len() >= 9)
            .map(|above| self.name(above))
            .collect();
        if names.is_empty() {
            return self.name(code).to_owned();
        }
        names.reverse();
        names.join(" ")
    }

    /// Adds one.
    pub fn insert(&mut self, code: &str, name: &str) {
        self.0.insert(code.to_owned(), name.to_owned());
    }

    /// Those that lie directly below `code`, in order.
    pub fn below<'a>(&'a self, code: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let level = LEVELS.iter().position(|level| *level == code.len());
        let next = level.and_then(|level| LEVELS.get(level + 1)).copied();
        self.0
            .range(code.to_owned()..)
            .take_while(move |(inner, _)| inner.starts_with(code))
            .filter(move |(inner, _)| Some(inner.len()) == next)
            .map(|(code, name)| (code.as_str(), name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_divisions_is_read_or_says_which_line_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("divisions.csv");
        assert_eq!(Divisions::load(&path).unwrap().name("99"), "99");
        std::fs::write(&path, "\u{feff}code,name,people\n990101,青石县,1\n990101001,云坪镇\n990101001001,石泉村\n990101002,石桥乡\n").unwrap();
        let divisions = Divisions::load(&path).unwrap();
        assert_eq!(divisions.place("990101001001"), "云坪镇 石泉村");
        let below: Vec<_> = divisions.below("990101").collect();
        assert_eq!(below, [("990101001", "云坪镇"), ("990101002", "石桥乡")]);
        std::fs::write(&path, "code,name\n990101,青石县\n9901x,什么\n").unwrap();
        let told = Divisions::load(&path).unwrap_err();
        assert!(told.en.contains("line 3"), "{}", told.en);
    }
}
