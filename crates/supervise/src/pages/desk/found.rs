//! Flags as pages and authority see them.

use kandeng_ledger::StreamName;
use kandeng_platform::Text;
use kandeng_platform::authority::{Facts, Hands, Resource};
use kandeng_platform::page::{Problem, Site, Words};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::telling::Telling;
use crate::project::{all_of_code, resource};
use crate::watch::place_of;

/// A flag as the read model holds it.
#[derive(Clone, Debug)]
pub(crate) struct FlagRow {
    pub stream: String,
    pub rule: String,
    pub severity: String,
    pub subject_kind: String,
    pub subject: String,
    pub money_fen: Option<i64>,
    pub items: Vec<String>,
    pub related: Vec<String>,
    pub figures: Map<String, Value>,
    /// As the rule found it. Not to be read but through [`FlagRow::told`], or in a case.
    says: Text,
    pub state: String,
    pub dismissal: Option<String>,
    pub not_applicable: Option<(String, String)>,
    pub rule_changed: bool,
    pub drawn: bool,
    pub proposed: Option<(String, Uuid)>,
    pub raised_at: i64,
}

pub(crate) const COLUMNS: &str = "stream, rule, severity, subject_kind, subject, money_fen, items, related, figures, says_zh, \
    says_en, state, dismissal, not_applicable_zh, not_applicable_en, rule_changed, drawn, proposed, \
    proposed_by, raised_at";

impl FlagRow {
    pub fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        // Cannot fail to parse: the projection wrote them.
        let list = |text: String| serde_json::from_str(&text).unwrap_or_default();
        let proposed: Option<String> = row.get(17)?;
        let by: Option<String> = row.get(18)?;
        let not_applicable: (Option<String>, Option<String>) = (row.get(13)?, row.get(14)?);
        Ok(Self {
            stream: row.get(0)?,
            rule: row.get(1)?,
            severity: row.get(2)?,
            subject_kind: row.get(3)?,
            subject: row.get(4)?,
            money_fen: row.get(5)?,
            items: list(row.get(6)?),
            related: list(row.get(7)?),
            figures: serde_json::from_str(row.get_ref(8)?.as_str()?).unwrap_or_default(),
            says: Text::new(row.get::<_, String>(9)?, row.get::<_, String>(10)?),
            state: row.get(11)?,
            dismissal: row.get(12)?,
            not_applicable: not_applicable.0.zip(not_applicable.1),
            rule_changed: row.get(15)?,
            drawn: row.get(16)?,
            proposed: proposed.zip(by.and_then(|by| Uuid::try_parse(&by).ok())),
            raised_at: row.get(19)?,
        })
    }

    /// Its id in addresses.
    pub fn id(&self) -> &str {
        self.stream.rsplit('/').next().unwrap_or_default()
    }

    /// The sentence for whoever may see doubts.
    pub fn told(&self, words: Words, telling: &Telling) -> String {
        telling.says(&self.rule, words.of(&self.says).to_owned())
    }

    /// The sentence as the rule found it: for the officers of its case.
    pub fn told_in_case(&self) -> &Text {
        &self.says
    }

    /// The name of its stream.
    pub fn name(&self) -> Result<StreamName, Problem> {
        self.stream
            .parse()
            .map_err(|_| Problem::fault(&std::io::Error::other("a flag's stream has no name")))
    }
}

/// Who has a hand in what a subject filed. To withdraw it takes nobody's hand out of it, nor does filing it again.
pub(crate) fn hands_of(of: &Connection, kind: &str, subject: &str) -> rusqlite::Result<Hands> {
    let mut hands = Hands::default();
    if kind != "project" {
        return Ok(hands);
    }
    for id in all_of_code(of, subject)? {
        if let Some(Resource {
            facts: Facts::Project { hands: more },
            ..
        }) = resource(of, id)?
        {
            hands.filed.extend(more.filed);
            hands.village.extend(more.village);
            hands.township.extend(more.township);
            hands.department.extend(more.department);
        }
    }
    Ok(hands)
}

/// A flag by its id, and how authority sees it.
pub(crate) fn flag_of(site: &Site, id: Uuid) -> Result<Option<(FlagRow, Resource)>, Problem> {
    let found = site.platform().query(|connection| {
        let row = connection
            .prepare_cached(&format!("select {COLUMNS} from flags where stream = ?1"))?
            .query_row([format!("flag/{id}")], FlagRow::of)
            .optional()?;
        let Some(row) = row else {
            return Ok(None);
        };
        let resource = Resource {
            id: id.to_string(),
            jurisdiction: place_of(site, connection, &row.subject_kind, &row.subject)?,
            facts: Facts::Flag {
                hands: hands_of(connection, &row.subject_kind, &row.subject)?,
                severity: row.severity.clone(),
                proposed_by: row.proposed.as_ref().map(|(_, by)| *by),
            },
        };
        Ok(Some((row, resource)))
    })?;
    Ok(found)
}
