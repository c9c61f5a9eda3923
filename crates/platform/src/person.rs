//! What happens to a person's values: each opening, with its reason, and the erasure.

use std::path::Path;

use kandeng_ledger::{Recorded, StreamName};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Aggregate, Decide, Decision, Events, fold};
use crate::context::{Context, Refusal};
use crate::platform::{CommandError, Platform};
use crate::read_model::Tables;
use crate::vault::{MasterKey, Reference, Vault, VaultError};

/// What happened to a person's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum PersonEvent {
    /// Somebody read one.
    PersonValueOpened {
        /// Which.
        reference: Uuid,
        /// Why.
        reason: String,
    },
    /// All of them are forgotten.
    PersonErased {
        /// Why.
        reason: String,
    },
}

impl Events for PersonEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("person-value-opened", 1), ("person-erased", 1)];
}

/// A person, as far as the vault is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    erased: bool,
}

impl Aggregate for Person {
    const STREAM: &'static str = "person";
    type Event = PersonEvent;

    fn apply(&mut self, event: PersonEvent) {
        if matches!(event, PersonEvent::PersonErased { .. }) {
            self.erased = true;
        }
    }
}

/// Read a value.
#[derive(Clone, Debug)]
pub struct OpenValue {
    /// Which.
    pub reference: Reference,
    /// Why.
    pub reason: String,
}

/// Forget the person.
#[derive(Clone, Debug)]
pub struct ErasePerson {
    /// Why.
    pub reason: String,
}

impl Decide<OpenValue> for Person {
    fn decide(&self, open: OpenValue, _: &Context) -> Result<Decision<PersonEvent>, Refusal> {
        if self.erased {
            return Err(Refusal::new(
                "person-erased",
                "此人的资料已删除",
                "this person's data have been erased",
            ));
        }
        if open.reason.trim().is_empty() {
            return Err(Refusal::new(
                "no-reason",
                "查看个人信息须写明理由",
                "opening personal data needs a reason",
            ));
        }
        Ok(PersonEvent::PersonValueOpened {
            reference: open.reference.0,
            reason: open.reason,
        }
        .into())
    }
}

impl Decide<ErasePerson> for Person {
    fn decide(&self, erase: ErasePerson, _: &Context) -> Result<Decision<PersonEvent>, Refusal> {
        if self.erased {
            return Ok(Decision::of([]));
        }
        Ok(PersonEvent::PersonErased {
            reason: erase.reason,
        }
        .into())
    }
}

/// A value that was not opened, or a person that was not erased.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// The event could not be appended; nothing was opened.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Platform {
    /// Opens a personal value. That it was opened, by whom and why, is in the ledger before anybody sees it.
    /// Nothing when it was erased.
    ///
    /// # Errors
    /// A refusal when there is no reason; a fault of ledger or vault.
    pub async fn open_value(
        &self,
        vault: &Vault,
        reference: Reference,
        reason: &str,
        cx: &Context,
    ) -> Result<Option<String>, PersonError> {
        let Some((person, value)) = vault.read(reference)? else {
            return Ok(None);
        };
        let open = OpenValue {
            reference,
            reason: reason.to_owned(),
        };
        // Each opening is an event of its own: a command id that was used before, for this or for anything else,
        // must not open a value without one.
        let cx = Context {
            command: None,
            ..cx.clone()
        };
        self.carry_out::<Person, _>(person, open, &cx).await?;
        Ok(Some(value))
    }

    /// Forgets a person: the event first, then the key. A crash in between is made good at the next start
    /// ([`Platform::replay_erasures`]).
    ///
    /// # Errors
    /// A fault of ledger or vault.
    pub async fn erase_person(
        &self,
        vault: &Vault,
        person: Uuid,
        reason: &str,
        cx: &Context,
    ) -> Result<(), PersonError> {
        let erase = ErasePerson {
            reason: reason.to_owned(),
        };
        self.carry_out::<Person, _>(person, erase, cx).await?;
        // What a command id was used for before says nothing about this person: only the ledger does.
        let stream = StreamName::new(Person::STREAM, person).map_err(CommandError::from)?;
        let events = self.ledger().read_stream(&stream, 0);
        let events = events.map_err(CommandError::from)?;
        let person_now = fold::<Person>(events).map_err(CommandError::from)?.state;
        if !person_now.erased {
            return Err(CommandError::from(Refusal::new(
                "command-used",
                "这个命令编号已用于别的命令",
                "this command id was used for another command",
            ))
            .into());
        }
        vault.destroy(&[person])?;
        Ok(())
    }

    /// Opens the vault of a node by itself, with its keys at `keys`, and replays the erasures on it.
    ///
    /// # Errors
    /// A fault of read model or vault.
    pub fn open_vault(&self, keys: &Path, master: MasterKey) -> Result<Vault, PersonError> {
        let vault = Vault::open(keys, self.database(), master)?;
        self.replay_erasures(&vault)?;
        Ok(vault)
    }

    /// Destroys the keys of everybody whom the ledger says was erased, and opens the vault: at every start,
    /// after restoring keys from a backup too, nothing is readable before.
    ///
    /// # Errors
    /// A fault of read model or vault.
    pub fn replay_erasures(&self, vault: &Vault) -> Result<usize, PersonError> {
        let erased: Vec<String> = self
            .query(|connection| {
                let mut select = connection.prepare("select person from erased_people")?;
                let people = select.query_map([], |row| row.get(0))?;
                people.collect()
            })
            .map_err(CommandError::from)?;
        // Cannot fail to parse: the projection wrote the ids of streams.
        let people: Vec<Uuid> = erased
            .iter()
            .filter_map(|person| Uuid::try_parse(person).ok())
            .collect();
        vault.destroy(&people)?;
        vault.erasures_replayed();
        Ok(erased.len())
    }
}

/// The table `erased_people`, and who looked at what: `opened_values`.
pub struct PersonTables;

impl Tables for PersonTables {
    fn name(&self) -> &'static str {
        "people"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["erased_people", "opened_values"]
    }

    fn create(&self) -> &'static str {
        "create table erased_people (person text primary key) strict, without rowid;
        create table opened_values (
            position integer primary key,
            person text not null,
            reference text not null,
            actor text not null,
            at integer not null, -- milliseconds since 1970
            reason text not null
        ) strict;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index opened_values_of_person on opened_values (person)",
            "create index opened_values_by_actor on opened_values (actor)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let person = StreamName::id(&event.stream).to_string();
        // The envelope says it: should the reason be erased from the ledger, the person stays erased, also after
        // keys came back from a backup.
        let erased = |envelope: &kandeng_ledger::Envelope| envelope.kind == "person-erased";
        if event.stream.kind() == Person::STREAM && event.envelope.as_ref().is_some_and(erased) {
            return to
                .execute(
                    "insert into erased_people values (?1) on conflict do nothing",
                    [person],
                )
                .map(|_| ())
                .map_err(|error| error.to_string());
        }
        let Some((envelope, read)) = Person::event_in(event)? else {
            return Ok(());
        };
        let done = match read {
            PersonEvent::PersonErased { .. } => return Ok(()),
            PersonEvent::PersonValueOpened { reference, reason } => to.execute(
                "insert into opened_values values (?1, ?2, ?3, ?4, ?5, ?6)",
                rusqlite::params![
                    event.position as i64,
                    person,
                    reference.to_string(),
                    envelope.actor.to_string(),
                    envelope.at.as_millisecond(),
                    reason
                ],
            ),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}
