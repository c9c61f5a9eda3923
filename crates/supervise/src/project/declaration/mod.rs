//! The declaration of items as a county keeps it: adopted once, then changed item by item. Each version is an
//! event, and filings keep the version that they were filed by.
//!
//! The ledger holds the first version whole (compressed) and the others as what changed, so that an event says
//! what somebody did and stays small.

mod change;
mod tables;

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Events, Refusal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use change::{Change, NewChoice, NewColumn};
pub(super) use tables::digest;
pub use tables::{DeclarationTables, Declared, newest, version};

use crate::filing::{Filing, FilingError};
use crate::import::hex;

/// The most bytes of a declaration's text.
const MAX_TEXT: u64 = 1 << 20;

/// The most bytes of it in an event, compressed.
const MAX_PACKED: usize = 28 * 1024;

/// The one stream of a county's declaration.
pub fn declaration_id() -> Uuid {
    // Any constant does: there is one declaration in a ledger.
    Uuid::from_u128(0x6b61_6e64_656e_8067_8000_6974_656d_7300)
}

/// What happened to the declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum DeclarationEvent {
    /// A whole text was adopted.
    DeclarationAdopted {
        /// The version, from 1.
        version: u32,
        /// The text in TOML, deflated (RFC 1951), in hexadecimal digits.
        deflated: String,
    },
    /// One thing was changed.
    DeclarationChanged {
        /// The version, one more than before.
        version: u32,
        /// What.
        change: Change,
    },
}

impl Events for DeclarationEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("declaration-adopted", 1), ("declaration-changed", 1)];
}

/// The declaration as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// The version; 0 while there is none.
    pub version: u32,
    /// Its text in TOML.
    pub text: String,
}

impl Aggregate for Declaration {
    const STREAM: &'static str = "declaration";
    type Event = DeclarationEvent;

    fn apply(&mut self, event: DeclarationEvent) {
        match event {
            DeclarationEvent::DeclarationAdopted { version, deflated } => {
                self.version = version;
                // Cannot fail: what was deflated here is inflated here.
                self.text = unpacked(&deflated).unwrap_or_default();
            }
            DeclarationEvent::DeclarationChanged { version, change } => {
                self.version = version;
                // Cannot fail: it was applied to the same text when it was decided.
                if let Ok(text) = change.apply(&self.text) {
                    self.text = text;
                }
            }
        }
    }
}

/// Adopt a whole declaration, such as the one that this build carries. The keys of the 42 items and whatever a
/// filing may hold must still be there.
#[derive(Clone, Debug)]
pub struct AdoptDeclaration {
    /// Its text in TOML.
    pub text: String,
}

/// Change one thing.
#[derive(Clone, Debug)]
pub struct ChangeDeclaration {
    /// The version that the change is based on.
    pub version: u32,
    /// What.
    pub change: Change,
}

impl Decide<AdoptDeclaration> for Declaration {
    fn decide(
        &self,
        adopt: AdoptDeclaration,
        _: &Context,
    ) -> Result<Decision<DeclarationEvent>, Refusal> {
        if adopt.text == self.text {
            return Ok(Decision::of([]));
        }
        if adopt.text.len() as u64 > MAX_TEXT {
            return Err(too_long());
        }
        let filing = loaded(&adopt.text)?;
        keeps(Filing::embedded(), &filing)?;
        if self.version > 0 {
            keeps(&loaded(&self.text)?, &filing)?;
        }
        let deflated = packed(&adopt.text);
        if deflated.len() > 2 * MAX_PACKED {
            return Err(too_long());
        }
        Ok(DeclarationEvent::DeclarationAdopted {
            version: self.version + 1,
            deflated,
        }
        .into())
    }
}

impl Decide<ChangeDeclaration> for Declaration {
    fn decide(
        &self,
        command: ChangeDeclaration,
        _: &Context,
    ) -> Result<Decision<DeclarationEvent>, Refusal> {
        if self.version == 0 {
            return Err(Refusal::new(
                "no-declaration",
                "还没有采用任何填报声明",
                "no declaration has been adopted yet",
            ));
        }
        if command.version != self.version {
            return Err(Refusal::new(
                "changed-meanwhile",
                "填报声明已被他人修改,请重新查看",
                "somebody else has changed the declaration; look again",
            ));
        }
        let change = command.change.trimmed()?;
        let text = change.apply(&self.text)?;
        if text.len() as u64 > MAX_TEXT {
            return Err(too_long());
        }
        let (before, after) = (loaded(&self.text)?, loaded(&text)?);
        keeps(&before, &after)?;
        if before == after {
            return Ok(Decision::of([]));
        }
        Ok(DeclarationEvent::DeclarationChanged {
            version: self.version + 1,
            change,
        }
        .into())
    }
}

fn loaded(text: &str) -> Result<Filing, Refusal> {
    Filing::load(text).map_err(|error| not_loaded(&error))
}

fn not_loaded(error: &FilingError) -> Refusal {
    let text = error.text();
    Refusal::new("no-such-declaration", text.zh, text.en)
}

fn too_long() -> Refusal {
    Refusal::new("too-long", "填报声明过长", "the declaration is too long")
}

/// Every item and column stays, and holds what it held: filings and rules name them.
fn keeps(before: &Filing, after: &Filing) -> Result<(), Refusal> {
    let gone = |key: &str| {
        Refusal::new(
            "declared-stays",
            format!("“{key}”已在使用,不能删除或改变类型;可以停用信息项"),
            format!(
                "{key} is in use and cannot be removed or hold something else; retire the item instead"
            ),
        )
    };
    for (_, item) in before.items() {
        if after.item(&item.key).is_none() {
            return Err(gone(&item.key));
        }
    }
    for stage in &before.stages {
        if after.stage_rank(&stage.key).is_none() {
            return Err(gone(&stage.key));
        }
    }
    for sheet in &before.sheets {
        for column in &sheet.columns {
            let kept = after.column(&sheet.table, &column.key);
            if kept.is_none_or(|kept| kept.field != column.field) {
                return Err(gone(&format!("{}.{}", sheet.table, column.key)));
            }
        }
    }
    Ok(())
}

fn packed(text: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Cannot fail: writing to memory does not.
    let _ = encoder.write_all(text.as_bytes());
    hex(&encoder.finish().unwrap_or_default())
}

fn unpacked(deflated: &str) -> Option<String> {
    let digits = deflated.as_bytes();
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let mut text = String::new();
    DeflateDecoder::new(bytes?.as_slice())
        .take(MAX_TEXT)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kandeng_platform::Language;

    fn cx() -> Context {
        Context {
            actor: Uuid::from_u128(1),
            jurisdiction: "990101".to_owned(),
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            language: Language::Zh,
            command: None,
        }
    }

    fn adopted() -> Declaration {
        let mut declaration = Declaration::default();
        let adopt = AdoptDeclaration {
            text: Filing::embedded_text().to_owned(),
        };
        let decision = declaration.decide(adopt, &cx()).unwrap();
        for event in decision.events {
            assert!(serde_json::to_vec(&event).unwrap().len() < 40_000);
            declaration.apply(event);
        }
        declaration
    }

    fn change(on: &mut Declaration, change: Change) -> Result<(), Refusal> {
        let command = ChangeDeclaration {
            version: on.version,
            change,
        };
        for event in on.decide(command, &cx())?.events {
            on.apply(event);
        }
        Ok(())
    }

    fn ledger_number() -> Change {
        Change::AddItem {
            category: "upkeep".to_owned(),
            key: "asset_number".to_owned(),
            zh: "资产登记号".to_owned(),
            en: "Asset number".to_owned(),
            from: "upkeep".to_owned(),
            public: false,
            columns: vec![NewColumn {
                key: "asset_number".to_owned(),
                zh: "资产登记号".to_owned(),
                en: "Asset number".to_owned(),
                field: "code".to_owned(),
                choices: Vec::new(),
                example: String::new(),
            }],
        }
    }

    #[test]
    fn the_text_that_this_build_carries_is_adopted_whole_and_once() {
        let declaration = adopted();
        assert_eq!(declaration.version, 1);
        assert_eq!(declaration.text, Filing::embedded_text());
        let again = AdoptDeclaration {
            text: Filing::embedded_text().to_owned(),
        };
        assert!(declaration.decide(again, &cx()).unwrap().events.is_empty());
    }

    #[test]
    fn items_are_added_relabelled_required_from_another_stage_and_retired() {
        let mut declaration = adopted();
        change(&mut declaration, ledger_number()).unwrap();
        let relabel = Change::Relabel {
            item: "name".to_owned(),
            zh: "工程名称".to_owned(),
            en: "Title".to_owned(),
        };
        change(&mut declaration, relabel).unwrap();
        let require = Change::RequireFrom {
            item: "retention".to_owned(),
            stage: "upkeep".to_owned(),
        };
        change(&mut declaration, require).unwrap();
        let retire = Change::Retire {
            item: "approval_number".to_owned(),
        };
        change(&mut declaration, retire.clone()).unwrap();
        assert_eq!(declaration.version, 5);
        // Retired twice is retired.
        change(&mut declaration, retire).unwrap();
        assert_eq!(declaration.version, 5);
        let filing = Filing::load(&declaration.text).unwrap();
        assert_eq!(filing.items().count(), 43);
        assert_eq!(filing.item("asset_number").unwrap().number, "7.7");
        assert_eq!(filing.item("name").unwrap().zh, "工程名称");
        assert_eq!(filing.item("retention").unwrap().from, "upkeep");
        assert!(filing.item("approval_number").unwrap().retired);
        let column = filing.column("projects", "asset_number").unwrap();
        assert_eq!(column.item.as_deref(), Some("asset_number"));
        let restore = Change::Restore {
            item: "approval_number".to_owned(),
        };
        change(&mut declaration, restore).unwrap();
        let filing = Filing::load(&declaration.text).unwrap();
        assert!(!filing.item("approval_number").unwrap().retired);
    }

    #[test]
    fn what_is_in_use_stays_and_what_is_not_declared_is_refused() {
        let mut declaration = adopted();
        change(&mut declaration, ledger_number()).unwrap();
        let twice = change(&mut declaration, ledger_number()).unwrap_err();
        assert_eq!(twice.code, "no-such-declaration");
        let unknown = Change::RequireFrom {
            item: "name".to_owned(),
            stage: "never".to_owned(),
        };
        let unknown = change(&mut declaration, unknown).unwrap_err();
        assert_eq!(unknown.code, "no-such-declaration");
        let nobody = Change::Retire {
            item: "nothing".to_owned(),
        };
        assert_eq!(
            change(&mut declaration, nobody).unwrap_err().code,
            "unknown-item"
        );
        // The text that this build carries lacks the county's own item.
        let back = AdoptDeclaration {
            text: Filing::embedded_text().to_owned(),
        };
        assert_eq!(
            declaration.decide(back, &cx()).unwrap_err().code,
            "declared-stays"
        );
        let stale = ChangeDeclaration {
            version: 1,
            change: ledger_number(),
        };
        assert_eq!(
            declaration.decide(stale, &cx()).unwrap_err().code,
            "changed-meanwhile"
        );
    }
}
