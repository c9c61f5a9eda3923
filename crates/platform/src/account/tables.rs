//! Accounts as the read model holds them: `accounts`, `account_grants`, `sessions`, `account_keys`,
//! `account_passkeys`.

use kandeng_ledger::Recorded;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::events::{Account, AccountEvent};
use super::role::{Grant, Role, Viewer};
use super::scope::Scopes;
use crate::aggregate::Aggregate;
use crate::context::Language;
use crate::read_model::Tables;

/// The tables.
pub struct AccountTables;

impl Tables for AccountTables {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> u32 {
        4
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            "accounts",
            "account_grants",
            "sessions",
            "account_keys",
            "account_passkeys",
        ]
    }

    fn create(&self) -> &'static str {
        "create table accounts (
            id text primary key,
            name text not null, -- a reference into the vault, as is the next
            login text not null,
            language text not null check (language in ('zh', 'en')),
            state text not null check (state in ('invited', 'active', 'suspended')),
            link text, -- the SHA-256 of the token that credentials are set by
            link_until integer, -- milliseconds since 1970, as all times here
            has_credentials integer not null default 0 check (has_credentials in (0, 1)),
            invited_by text not null,
            invited_at integer not null,
            signed_in_at integer,
            failed integer not null default 0
        ) strict;
        create table account_grants (
            account text not null,
            role text not null,
            jurisdiction text not null,
            given_by text not null,
            given_at integer not null,
            primary key (account, role, jurisdiction)
        ) strict, without rowid;
        create table sessions (
            id text primary key,
            account text not null,
            token text not null unique, -- its SHA-256
            opened_at integer not null,
            until integer not null
        ) strict, without rowid;
        create index sessions_of_account on sessions (account);
        create table account_keys (
            id text primary key,
            account text not null,
            token text not null unique, -- its SHA-256
            label text not null, -- a reference into the vault
            scopes text not null, -- a list in JSON
            made_at integer not null,
            until integer not null
        ) strict, without rowid;
        create index account_keys_of_account on account_keys (account);
        create table account_passkeys (
            id text primary key,
            account text not null,
            label text not null, -- a reference into the vault
            since integer not null
        ) strict, without rowid;
        create index account_passkeys_of_account on account_passkeys (account);"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index accounts_by_link on accounts (link) where link is not null",
            "create index account_grants_of_role on account_grants (role, jurisdiction)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Account::event_in(event)? else {
            return Ok(());
        };
        let id = event.stream.id().to_string();
        let by = envelope.actor.to_string();
        let at = envelope.at.as_millisecond();
        project(to, &id, &by, at, &read).map_err(|error| error.to_string())
    }
}

fn project(
    to: &Connection,
    id: &str,
    by: &str,
    at: i64,
    event: &AccountEvent,
) -> rusqlite::Result<()> {
    let end_sessions = || to.execute("delete from sessions where account = ?1", [id]);
    let end_keys = || to.execute("delete from account_keys where account = ?1", [id]);
    match event {
        AccountEvent::AccountInvited {
            name,
            login,
            language,
            link,
            until,
        } => {
            let language = match language {
                Language::Zh => "zh",
                Language::En => "en",
            };
            to.execute(
                "insert into accounts (id, name, login, language, state, link, link_until, invited_by, invited_at) \
                 values (?1, ?2, ?3, ?4, 'invited', ?5, ?6, ?7, ?8)",
                params![
                    id,
                    name.to_string(),
                    login.to_string(),
                    language,
                    link,
                    until.as_millisecond(),
                    by,
                    at
                ],
            )?;
        }
        AccountEvent::AccountLinkIssued { link, until } => {
            to.execute(
                "update accounts set link = ?2, link_until = ?3 where id = ?1",
                params![id, link, until.as_millisecond()],
            )?;
        }
        AccountEvent::AccountCredentialsSet { .. } => {
            to.execute(
                "update accounts set link = null, link_until = null, has_credentials = 1, state = 'active', \
                 failed = 0 where id = ?1",
                [id],
            )?;
            end_sessions()?;
            end_keys()?;
            to.execute("delete from account_passkeys where account = ?1", [id])?;
        }
        AccountEvent::AccountGranted { grant } => {
            to.execute(
                "insert into account_grants values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                params![id, grant.role.name(), grant.jurisdiction, by, at],
            )?;
        }
        AccountEvent::AccountWithdrawn { grant } => {
            to.execute(
                "delete from account_grants where account = ?1 and role = ?2 and jurisdiction = ?3",
                params![id, grant.role.name(), grant.jurisdiction],
            )?;
        }
        AccountEvent::AccountSuspended { .. } => {
            to.execute(
                "update accounts set state = 'suspended', link = null, link_until = null where id = ?1",
                [id],
            )?;
            end_sessions()?;
            end_keys()?;
        }
        AccountEvent::AccountRestored {} => {
            to.execute(
                "update accounts set state = iif(has_credentials, 'active', 'invited') where id = ?1",
                [id],
            )?;
        }
        AccountEvent::AccountSignedIn {
            session,
            token,
            until,
            ..
        } => {
            to.execute(
                "insert into sessions values (?1, ?2, ?3, ?4, ?5)",
                params![session.to_string(), id, token, at, until.as_millisecond()],
            )?;
            // Sessions that ended by themselves go with the next one of the account.
            to.execute(
                "delete from sessions where account = ?1 and until <= ?2",
                params![id, at],
            )?;
            to.execute(
                "update accounts set signed_in_at = ?2, failed = 0 where id = ?1",
                params![id, at],
            )?;
        }
        AccountEvent::AccountSignedOut { session } => {
            to.execute("delete from sessions where id = ?1", [session.to_string()])?;
        }
        AccountEvent::AccountKeyMade {
            key,
            token,
            label,
            scopes,
            until,
        } => {
            to.execute(
                "delete from account_keys where account = ?1 and until <= ?2",
                params![id, at],
            )?;
            to.execute(
                "insert into account_keys values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    key.to_string(),
                    id,
                    token,
                    label.to_string(),
                    written(scopes),
                    at,
                    until.as_millisecond()
                ],
            )?;
        }
        AccountEvent::AccountKeyWithdrawn { key } => {
            to.execute("delete from account_keys where id = ?1", [key.to_string()])?;
        }
        AccountEvent::AccountPasskeyAdded { passkey, label, .. } => {
            to.execute(
                "insert into account_passkeys values (?1, ?2, ?3, ?4)",
                params![passkey.to_string(), id, label.to_string(), at],
            )?;
        }
        AccountEvent::AccountPasskeyRemoved { passkey } => {
            to.execute(
                "delete from account_passkeys where id = ?1",
                [passkey.to_string()],
            )?;
        }
        AccountEvent::AccountSignedOutEverywhere {} => {
            end_sessions()?;
        }
        AccountEvent::AccountSignInFailed { times } => {
            to.execute(
                "update accounts set failed = ?2 where id = ?1",
                params![id, times],
            )?;
        }
    }
    Ok(())
}

/// What an account may be asked to do, and for where.
///
/// # Errors
/// When the read model fails.
pub fn grants_of(of: &Connection, account: Uuid) -> rusqlite::Result<Vec<Grant>> {
    grants(of, &account.to_string())
}

/// Somebody who comes by a session or a key, by the ids and the language as rows have them.
pub(super) fn viewer(
    of: &Connection,
    account: &str,
    language: &str,
    session: &str,
) -> rusqlite::Result<Option<Viewer>> {
    let (Ok(session), Ok(id)) = (Uuid::try_parse(session), Uuid::try_parse(account)) else {
        return Ok(None);
    };
    Ok(Some(Viewer {
        account: id,
        grants: grants(of, account)?,
        language: match language {
            "en" => Language::En,
            _ => Language::Zh,
        },
        session,
    }))
}

/// The grants of an account.
pub(super) fn grants(of: &Connection, account: &str) -> rusqlite::Result<Vec<Grant>> {
    let mut select = of.prepare_cached(
        "select role, jurisdiction from account_grants where account = ?1 order by role, jurisdiction",
    )?;
    let rows = select.query_map([account], |row| {
        let role: String = row.get(0)?;
        let jurisdiction: String = row.get(1)?;
        // A role that this program does not know is none.
        let role = Role::ALL.into_iter().find(|known| known.name() == role);
        Ok(role.map(|role| Grant { role, jurisdiction }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// Accounts in use that have the role for a place: those whose grant is the nearest above it.
///
/// # Errors
/// When the read model fails.
pub fn responsible(
    of: &Connection,
    role: Role,
    jurisdiction: &str,
) -> rusqlite::Result<Vec<String>> {
    nearest(of, role, jurisdiction, "")
}

/// The managers to whom an account answers: the nearest above where it has its most particular role, and never
/// itself.
///
/// # Errors
/// When the read model fails.
pub fn superior(of: &Connection, account: Uuid) -> rusqlite::Result<Vec<String>> {
    let account = account.to_string();
    let mut places = grants(of, &account)?;
    places.sort_by_key(|grant| std::cmp::Reverse(grant.jurisdiction.len()));
    for grant in places {
        let found = nearest(of, Role::Manager, &grant.jurisdiction, &account)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn nearest(
    of: &Connection,
    role: Role,
    jurisdiction: &str,
    except: &str,
) -> rusqlite::Result<Vec<String>> {
    let mut select = of.prepare_cached(
        "select g.account from account_grants g join accounts a on a.id = g.account \
         where g.role = ?1 and g.jurisdiction = ?2 and g.account != ?3 and a.state = 'active' \
         and not exists (select 1 from erased_people e where e.person = a.id) order by g.account",
    )?;
    for code in crate::jurisdiction::ancestors(jurisdiction) {
        let rows = select.query_map([role.name(), code, except], |row| row.get(0))?;
        let found: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Scopes as the table has them.
fn written(scopes: &Scopes) -> String {
    // Cannot fail: they are a list of words.
    serde_json::to_string(scopes).unwrap_or_default()
}

/// Scopes from the table.
pub(super) fn scopes_of(written: &str) -> Scopes {
    // Cannot fail: the projection wrote them; a key of which it could not be read would change nothing.
    serde_json::from_str(written).unwrap_or_default()
}
