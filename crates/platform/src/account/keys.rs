//! Keys by which programs come in somebody's name: made by the person, shown once, with an end. The ledger and the
//! read model have a key's SHA-256 alone; what its owner calls it is a value of the vault.

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::commands::{MakeKey, WithdrawKey};
use super::events::Account;
use super::people::{People, PeopleError, label};
use super::role::Viewer;
use super::scope::Scopes;
use super::secrets::{hash, random_token};
use super::tables;
use crate::context::Context;
use crate::vault::Reference;

/// The longest that a key may live, in days.
pub const MOST_KEY_DAYS: u32 = 366;

/// How many keys one account may have at a time.
pub const MOST_KEYS: usize = 20;

/// A key, as its owner sees it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub label: String,
    /// What it may change; nothing where it reads only.
    pub scopes: Scopes,
    /// Until when, in milliseconds since 1970.
    pub until: i64,
}

/// A key that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What its owner calls it.
    pub label: String,
    /// What it may change; nothing where it reads only.
    pub scopes: Scopes,
    /// How many days it lives, from 1 to [`MOST_KEY_DAYS`].
    pub days: u32,
}

impl People {
    /// In whose name a key is good at `now`, and what it may change.
    ///
    /// # Errors
    /// When the read model fails.
    pub fn bearer(
        &self,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<(Viewer, Scopes)>, PeopleError> {
        let token = hash(key);
        Ok(self.platform().query(|connection| {
            let found: Option<(String, String, String, String)> = connection
                .prepare_cached(
                    "select k.id, k.account, a.language, k.scopes \
                     from account_keys k join accounts a on a.id = k.account \
                     where k.token = ?1 and k.until > ?2 and a.state = 'active' \
                     and not exists (select 1 from erased_people e where e.person = a.id)",
                )?
                .query_row((token, now.as_millisecond()), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()?;
            let Some((key, account, language, scopes)) = found else {
                return Ok(None);
            };
            let viewer = tables::viewer(connection, &account, &language, &key)?;
            Ok(viewer.map(|viewer| (viewer, tables::scopes_of(&scopes))))
        })?)
    }

    /// The keys of an account that are good at `now`, the newest first.
    ///
    /// # Errors
    /// When read model or vault fails.
    pub fn keys_of(&self, account: Uuid, now: Timestamp) -> Result<Vec<Key>, PeopleError> {
        let found: Vec<(String, String, String, i64)> = self.platform().query(|connection| {
            connection
                .prepare_cached(
                    "select id, label, scopes, until from account_keys \
                     where account = ?1 and until > ?2 order by made_at desc, id",
                )?
                .query_map((account.to_string(), now.as_millisecond()), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?
                .collect()
        })?;
        let mut keys = Vec::new();
        for (id, label, scopes, until) in found {
            // Cannot fail to parse: the projection wrote ids.
            let (Ok(id), Ok(label)) = (Uuid::try_parse(&id), Uuid::try_parse(&label)) else {
                continue;
            };
            keys.push(Key {
                id,
                label: self
                    .read_value(Reference(label))?
                    .unwrap_or_else(|| "—".to_owned()),
                scopes: tables::scopes_of(&scopes),
                until,
            });
        }
        Ok(keys)
    }

    /// Makes a key for whoever is behind `cx`, and gives it. Nobody learns it again.
    ///
    /// # Errors
    /// A refusal when there are too many already, or days or label are out of bounds; or a fault.
    pub async fn make_key(&self, new: &NewKey, cx: &Context) -> Result<String, PeopleError> {
        let called = label(&new.label)?;
        let token = random_token()?;
        let make = MakeKey {
            key: self.platform().new_id(),
            token: hash(&token),
            label: self.store_value(cx.actor, called)?.0,
            scopes: new.scopes.clone(),
            days: new.days,
            until: cx.at + SignedDuration::from_hours(24) * new.days.min(MOST_KEY_DAYS) as i32,
        };
        self.platform()
            .carry_out::<Account, _>(cx.actor, make, cx)
            .await?;
        Ok(token)
    }

    /// Withdraws a key of whoever is behind `cx`; nobody else's.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn withdraw_key(&self, key: Uuid, cx: &Context) -> Result<(), PeopleError> {
        self.platform()
            .carry_out::<Account, _>(cx.actor, WithdrawKey(key), cx)
            .await?;
        Ok(())
    }
}
