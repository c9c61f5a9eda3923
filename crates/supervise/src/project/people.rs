//! What is personal in an edit, before it reaches an event: numbers become hashes under the county's key, names
//! of people go into the vault and a mark stands for them.
//!
//! The mark is made of the person's number and name under the county's key, so that one person has one mark in
//! all filings and rules compare marks as they compare names.

use std::collections::{BTreeMap, HashMap};

use kandeng_platform::vault::{Vault, VaultError};
use kandeng_platform::{CommandError, Platform};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::edit::{Cells, Edit, Filed, Row};
use crate::filing::{Field, Filing};
use crate::import::value::stands_for_nothing;
use crate::import::{IdentityKey, residents_hashed};

/// What a mark begins with.
const MARK: &str = "person/";

/// How a person is called where the name may not stand.
const PERSON: &str = "个人";

/// Columns that may name a person: table, name, organization code, number.
const NAMES: [(&str, &str, &str, Option<&str>); 4] = [
    ("payments", "payee_name", "payee_uscc", Some("payee_id")),
    ("bids", "bidder_name", "bidder_uscc", None),
    ("projects", "contractor_name", "contractor_uscc", None),
    ("projects", "payee_name", "payee_uscc", None),
];

/// Endings of names of organizations that are as short as people's.
const ORGANIZATIONS: [&str; 17] = [
    "公司", "厂", "社", "队", "所", "院", "局", "会", "府", "站", "店", "行", "部", "校", "办",
    "场", "园",
];

/// With what an edit's personal values are hidden.
pub struct Hiding<'a> {
    platform: &'a Platform,
    vault: &'a Vault,
    key: &'a IdentityKey,
    references: HashMap<Uuid, Option<Uuid>>,
}

impl<'a> Hiding<'a> {
    /// Under the county's key, into a vault that is open.
    pub fn new(platform: &'a Platform, vault: &'a Vault, key: &'a IdentityKey) -> Self {
        Self {
            platform,
            vault,
            key,
            references: HashMap::new(),
        }
    }

    /// The reference to a person's name; nothing when the person was erased.
    fn reference(&mut self, person: Uuid, name: &str) -> Result<Option<Uuid>, CommandError> {
        if let Some(known) = self.references.get(&person) {
            return Ok(*known);
        }
        let known: Option<String> = self.platform.query(|connection| {
            connection
                .prepare_cached("select reference from project_people where person = ?1 limit 1")?
                .query_row([person.to_string()], |row| row.get(0))
                .optional()
        })?;
        let reference = match known.and_then(|known| Uuid::try_parse(&known).ok()) {
            Some(known) => Some(known),
            // A crash after this line leaves a sealed name that no event refers to.
            None => match self.vault.store(person, name) {
                Ok(reference) => Some(reference.0),
                Err(VaultError::Erased) => None,
                Err(error) => return Err(CommandError::Append(error.to_string())),
            },
        };
        self.references.insert(person, reference);
        Ok(reference)
    }
}

/// Hides what is personal in an edit of a filing that holds `held`, with its people in order. Gives the people
/// whom the edit names, each with the reference to the name.
///
/// # Errors
/// A fault of vault or read model.
pub fn hide(
    hiding: &mut Hiding<'_>,
    filing: &Filing,
    code: &str,
    held: &Filed,
    people: &[Uuid],
    mut edit: Edit,
) -> Result<(Edit, BTreeMap<Uuid, Uuid>), CommandError> {
    let mut named = BTreeMap::new();
    let own = filing.sheets[0].table.clone();
    hide_cells(
        hiding,
        filing,
        &own,
        code,
        Some(&held.fields),
        people,
        &mut edit.fields,
        &mut named,
    )?;
    for (list, rows) in &mut edit.rows {
        let kept = held.lists.get(list);
        for (row, cells) in rows {
            let kept = kept.and_then(|rows| rows.get(row));
            if let Some(cells) = cells {
                hide_cells(hiding, filing, list, code, kept, people, cells, &mut named)?;
            }
        }
    }
    Ok((edit, named))
}

#[expect(clippy::too_many_arguments)] // one row and what it belongs to
fn hide_cells(
    hiding: &mut Hiding<'_>,
    filing: &Filing,
    table: &str,
    code: &str,
    held: Option<&Row>,
    people: &[Uuid],
    cells: &mut Cells,
    named: &mut BTreeMap<Uuid, Uuid>,
) -> Result<(), CommandError> {
    for (column, typed) in cells.iter_mut() {
        let Some(text) = typed.as_deref() else {
            continue;
        };
        let field = filing.column(table, column).map(|column| column.field);
        if field == Some(Field::Identity) {
            *typed = (!stands_for_nothing(text)).then(|| hiding.key.hash(text));
        } else if let std::borrow::Cow::Owned(hidden) = residents_hashed(text, hiding.key) {
            *typed = Some(hidden);
        }
    }
    for (_, name, uscc, number) in NAMES.iter().filter(|(known, ..)| *known == table) {
        let touched = [Some(*name), Some(*uscc), *number];
        if !touched
            .iter()
            .flatten()
            .any(|column| cells.contains_key(*column))
        {
            continue;
        }
        let stands = |column: &str| {
            let typed = cells.get(column).map(|typed| typed.as_deref());
            typed.unwrap_or_else(|| held.and_then(|row| row.get(column)).map(String::as_str))
        };
        let Some(typed) = stands(name) else {
            continue;
        };
        // A form shows whoever is known by a letter, and sends it back.
        if let Some(person) = lettered(typed).and_then(|place| people.get(place)) {
            cells.insert((*name).to_owned(), Some(mark(*person)));
            continue;
        }
        let number = number.and_then(stands);
        if person_of(typed).is_some() || !is_person(typed, stands(uscc), number) {
            continue;
        }
        let person = person(hiding.key, number.unwrap_or(code), typed);
        if let Some(reference) = hiding.reference(person, typed)? {
            named.insert(person, reference);
        }
        cells.insert((*name).to_owned(), Some(mark(person)));
    }
    Ok(())
}

/// Whether a name with what stands beside it is a person's.
pub(crate) fn is_person(name: &str, uscc: Option<&str>, number: Option<&str>) -> bool {
    if uscc.is_some_and(|uscc| !stands_for_nothing(uscc)) || stands_for_nothing(name) {
        return false;
    }
    number.is_some() || looks_like_name(name)
}

/// Two to four Chinese characters, or such with a dot between them, that do not end as an organization does.
fn looks_like_name(name: &str) -> bool {
    let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    let is_dot = |letter: char| matches!(letter, '·' | '•' | '・');
    let letters = name.chars().filter(|letter| !letter.is_whitespace());
    let (mut count, mut dotted) = (0, false);
    for letter in letters {
        if is_dot(letter) {
            dotted = true;
        } else if is_han(letter) {
            count += 1;
        } else {
            return false;
        }
    }
    let is_short = (2..=4).contains(&count) || (dotted && (2..=20).contains(&count));
    is_short && !ORGANIZATIONS.iter().any(|end| name.trim().ends_with(end))
}

/// The marks that stand for names of people in a row, by column. `typed` gives what is typed in a column, numbers
/// as hashes.
pub(super) fn marks<'n>(
    table: &str,
    code: &str,
    people: &[Uuid],
    key: &IdentityKey,
    typed: impl Fn(&str) -> Option<String>,
) -> Vec<(&'n str, String)> {
    let names = NAMES.iter().filter(|(known, ..)| *known == table);
    names
        .filter_map(|(_, column, uscc, number)| {
            let name = typed(column)?;
            if let Some(person) = lettered(&name).and_then(|place| people.get(place)) {
                return Some((*column, mark(*person)));
            }
            let number = number.and_then(&typed);
            if person_of(&name).is_some()
                || !is_person(&name, typed(uscc).as_deref(), number.as_deref())
            {
                return None;
            }
            let person = person(key, number.as_deref().unwrap_or(code), &name);
            Some((*column, mark(person)))
        })
        .collect()
}

/// The mark's person: of number (or the project's code, where none is known) and name under the county's key.
pub(super) fn person(key: &IdentityKey, number: &str, name: &str) -> Uuid {
    let hash = key.hash(&format!("{number}\u{1f}{name}"));
    let digits = hash.rsplit(':').next().unwrap_or_default();
    let number = u128::from_str_radix(digits, 16).unwrap_or_default();
    uuid::Builder::from_custom_bytes(number.to_be_bytes()).into_uuid()
}

fn mark(person: Uuid) -> String {
    format!("{MARK}{person}")
}

/// The person that a mark stands for.
pub(crate) fn person_of(typed: &str) -> Option<Uuid> {
    typed
        .strip_prefix(MARK)
        .and_then(|person| Uuid::try_parse(person).ok())
}

/// `个人 A` for the first person of a filing.
pub(super) fn letter(place: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = place;
    loop {
        letters.push(char::from(b'A' + (rest % 26) as u8));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{PERSON} {letters}")
}

/// The place of a person that goes by a letter.
fn lettered(typed: &str) -> Option<usize> {
    let letters = typed.trim().strip_prefix(PERSON)?.trim_start();
    if letters.is_empty() || letters.len() > 4 {
        return None;
    }
    letters
        .bytes()
        .try_fold(0, |place: usize, letter| {
            letter
                .is_ascii_uppercase()
                .then(|| place * 26 + usize::from(letter - b'A') + 1)
        })?
        .checked_sub(1)
}

/// A cell as it may be shown: whoever a mark stands for by a letter, of a filing with these people.
pub(super) fn shown(typed: &str, people: &[Uuid]) -> Option<String> {
    let person = person_of(typed)?;
    let place = people.iter().position(|known| *known == person);
    Some(place.map_or_else(|| PERSON.to_owned(), letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_places_and_back() {
        for (place, shown) in [
            (0, "个人 A"),
            (25, "个人 Z"),
            (26, "个人 AA"),
            (701, "个人 ZZ"),
            (702, "个人 AAA"),
        ] {
            assert_eq!(letter(place), shown);
            assert_eq!(lettered(shown), Some(place));
        }
        for other in ["个人", "个人 a", "个人养殖场", "王桂香"] {
            assert_eq!(lettered(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_is_a_persons_by_its_number_or_by_its_form() {
        assert!(is_person("王桂香", None, None));
        assert!(is_person("阿依古丽·买买提", None, None));
        assert!(is_person(
            "示例建设有限公司",
            None,
            Some("5e884898:0123456789abcdef0123456789abcdef")
        ));
        for organization in [
            "示例县柿子湾建设有限公司",
            "财政局",
            "敬老院",
            "村委会",
            "Example Ltd",
            "无",
            "个体",
        ] {
            assert_eq!(
                is_person(organization, None, None),
                organization == "个体",
                "{organization}"
            );
        }
        assert!(!is_person("王桂香", Some("91510823MA62K1XY7N"), None));
    }

    #[test]
    fn one_person_has_one_mark_and_another_another() {
        let key = IdentityKey::from_bytes([7; 32]);
        let mark = person(&key, "1", "王桂香");
        assert_eq!(person(&key, "1", "王 桂香"), mark);
        assert_ne!(person(&key, "2", "王桂香"), mark);
        assert_ne!(person(&key, "1", "王桂花"), mark);
        assert_eq!(person_of(&super::mark(mark)), Some(mark));
    }
}
