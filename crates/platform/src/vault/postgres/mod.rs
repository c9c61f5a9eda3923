//! The vault that several nodes share: keys in a schema of their own, in the ledger's database or in another one
//! that other people look after; sealed values in the ledger's database. What one node does all see at once.
//!
//! PostgreSQL keeps what was deleted, for a while in its tables and longer in its write-ahead log. So a key that
//! was destroyed opens nothing through any node from that moment; whoever has the server's disk, or an old copy
//! of it, *and* the master key can find the wrapped key there until the master key was changed and the old one
//! destroyed.

mod connection;

use ::postgres::{Client, Row, Transaction};
use kandeng_ledger::StoreError;
use kandeng_ledger::store::postgres::Address;
use uuid::Uuid;

use self::connection::Connection;
use super::store::{Keys, SealedValue, Values, Wrap, WrappedKey, id};
use super::{Reference, VaultError};
use crate::context::Text;

/// Two nodes that start together both find nothing and would make it twice: so one waits for the other.
const KEYS: &str = "
begin;
select pg_advisory_xact_lock(hashtext('kandeng_keys'));
create schema if not exists kandeng_keys;
create table if not exists kandeng_keys.person_keys (
    person bytea primary key,
    master text not null,
    wrapped bytea not null
);
create table if not exists kandeng_keys.erased_people (
    person bytea primary key
);
commit;
";

const VALUES: &str = "
begin;
select pg_advisory_xact_lock(hashtext('vault_values'));
create table if not exists vault_values (
    reference bytea primary key,
    person bytea not null,
    sealed bytea not null
);
create index if not exists vault_values_of_person on vault_values (person);
commit;
";

/// People's keys on a server.
pub(super) struct PostgresKeys(Connection);

/// Sealed values on a server.
pub(super) struct PostgresValues(Connection);

impl PostgresKeys {
    pub(super) fn open(address: Address) -> Result<Self, VaultError> {
        Connection::open(address, KEYS).map(Self)
    }

    /// Whoever changes keys is the only one who does, on any node; those who read go on.
    fn change<T: Send>(
        &self,
        mut change: impl FnMut(&mut Transaction<'_>) -> Result<T, VaultError> + Send,
    ) -> Result<T, VaultError> {
        self.0.with(|client| {
            let mut transaction = client.transaction()?;
            transaction
                .batch_execute("lock table kandeng_keys.person_keys in share row exclusive mode")?;
            let changed = change(&mut transaction)?;
            // A crash of either side before this line leaves all as it was.
            transaction.commit()?;
            Ok(changed)
        })
    }

    /// Rows that were deleted or written anew are given free. As long as some transaction may still see them
    /// they stay, and so do their copies in the write-ahead log.
    fn vacuum(&self) -> Result<(), VaultError> {
        self.0
            .with(|client| Ok(client.batch_execute("vacuum kandeng_keys.person_keys")?))
    }
}

impl Keys for PostgresKeys {
    fn master(&self) -> Result<Option<String>, VaultError> {
        self.0.with(|client| {
            let row = client.query_opt(MASTER, &[])?;
            Ok(row.map(|row| row.get(0)))
        })
    }

    fn get(&self, person: Uuid) -> Result<Option<WrappedKey>, VaultError> {
        self.0
            .with(|client| key(client.query_opt(GET, &[&&person.as_bytes()[..]])?))
    }

    fn keep(&self, new: &WrappedKey) -> Result<WrappedKey, VaultError> {
        let person = &new.person.as_bytes()[..];
        self.change(|transaction| {
            let master = transaction.query_opt(MASTER, &[])?.map(|row| row.get(0));
            VaultError::unless_same(&new.master, master)?;
            if transaction.query_one(IS_ERASED, &[&person])?.get(0) {
                return Err(VaultError::Erased);
            }
            if let Some(first) = key(transaction.query_opt(GET, &[&person])?)? {
                return Ok(first);
            }
            transaction.execute(
                "insert into kandeng_keys.person_keys (person, master, wrapped) values ($1, $2, $3)",
                &[&person, &new.master, &new.wrapped],
            )?;
            Ok(new.clone())
        })
    }

    fn is_erased(&self, person: Uuid) -> Result<bool, VaultError> {
        self.0.with(|client| {
            let row = client.query_one(IS_ERASED, &[&&person.as_bytes()[..]])?;
            Ok(row.get(0))
        })
    }

    fn bury(&self, people: &[Uuid]) -> Result<(), VaultError> {
        if people.is_empty() {
            return Ok(());
        }
        let people = ids(people);
        self.change(|transaction| {
            transaction.execute(
                "insert into kandeng_keys.erased_people select unnest($1::bytea[]) on conflict do nothing",
                &[&people],
            )?;
            transaction.execute(
                "delete from kandeng_keys.person_keys where person = any($1)",
                &[&people],
            )?;
            Ok(())
        })?;
        // From here on no node opens what the keys closed. A crash before this line leaves rows that nobody
        // sees, until the server clears them away by itself.
        self.vacuum()
    }

    fn rewrap(&self, to: &str, wrap: Wrap<'_>) -> Result<usize, VaultError> {
        let count = self.change(|transaction| {
            let people = all(transaction)?;
            for key in people.iter().filter(|key| key.master != to) {
                let wrapped = wrap(key)?;
                transaction.execute(
                    "update kandeng_keys.person_keys set master = $2, wrapped = $3 where person = $1",
                    &[&&key.person.as_bytes()[..], &to, &wrapped],
                )?;
            }
            Ok(people.len())
        })?;
        self.vacuum()?;
        Ok(count)
    }

    fn everything(&self) -> Result<(Vec<WrappedKey>, Vec<Uuid>), VaultError> {
        // Nobody changes anything between the two.
        self.change(|transaction| {
            let keys = all(transaction)?;
            let erased = transaction.query("select person from kandeng_keys.erased_people", &[])?;
            let erased = erased.iter().map(|row| id(row.get(0)));
            Ok((keys, erased.collect::<Result<_, _>>()?))
        })
    }
}

impl PostgresValues {
    pub(super) fn open(address: Address) -> Result<Self, VaultError> {
        Connection::open(address, VALUES).map(Self)
    }
}

impl Values for PostgresValues {
    fn get(&self, reference: Reference) -> Result<Option<SealedValue>, VaultError> {
        self.0.with(|client| {
            let row = client.query_opt(
                "select reference, person, sealed from vault_values where reference = $1",
                &[&&reference.0.as_bytes()[..]],
            )?;
            row.as_ref().map(value).transpose()
        })
    }

    fn put(&self, values: &[SealedValue]) -> Result<(), VaultError> {
        let references = ids(values.iter().map(|value| &value.reference.0));
        let people = ids(values.iter().map(|value| &value.person));
        let sealed: Vec<&[u8]> = values.iter().map(|value| &value.sealed[..]).collect();
        self.0.with(|client| {
            client.execute(
                "insert into vault_values (reference, person, sealed) \
                 select * from unnest($1::bytea[], $2::bytea[], $3::bytea[]) on conflict do nothing",
                &[&references, &people, &sealed],
            )?;
            Ok(())
        })
    }

    fn remove(&self, reference: Reference) -> Result<(), VaultError> {
        self.0.with(|client| {
            client.execute(
                "delete from vault_values where reference = $1",
                &[&&reference.0.as_bytes()[..]],
            )?;
            Ok(())
        })
    }

    fn remove_of(&self, people: &[Uuid]) -> Result<(), VaultError> {
        let people = ids(people);
        self.0.with(|client| {
            client.execute(
                "delete from vault_values where person = any($1)",
                &[&people],
            )?;
            Ok(())
        })
    }

    fn page(&self, after: Option<Reference>, limit: usize) -> Result<Vec<SealedValue>, VaultError> {
        // Nothing is before the empty text of bytes.
        let after = after.map_or_else(Vec::new, |after| after.0.as_bytes().to_vec());
        self.0.with(|client: &mut Client| {
            let rows = client.query(
                "select reference, person, sealed from vault_values where reference > $1 \
                 order by reference limit $2",
                &[&after, &(limit as i64)],
            )?;
            rows.iter().map(value).collect()
        })
    }
}

const MASTER: &str = "select master from kandeng_keys.person_keys limit 1";
const GET: &str = "select person, master, wrapped from kandeng_keys.person_keys where person = $1";
const IS_ERASED: &str =
    "select exists (select 1 from kandeng_keys.erased_people where person = $1)";

fn all(transaction: &mut Transaction<'_>) -> Result<Vec<WrappedKey>, VaultError> {
    let rows = transaction.query(
        "select person, master, wrapped from kandeng_keys.person_keys",
        &[],
    )?;
    rows.iter().map(wrapped).collect()
}

fn key(row: Option<Row>) -> Result<Option<WrappedKey>, VaultError> {
    row.as_ref().map(wrapped).transpose()
}

fn wrapped(row: &Row) -> Result<WrappedKey, VaultError> {
    Ok(WrappedKey {
        person: id(row.get(0))?,
        master: row.get(1),
        wrapped: row.get(2),
    })
}

fn value(row: &Row) -> Result<SealedValue, VaultError> {
    Ok(SealedValue {
        reference: Reference(id(row.get(0))?),
        person: id(row.get(1))?,
        sealed: row.get(2),
    })
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a Uuid>) -> Vec<&'a [u8]> {
    ids.into_iter().map(|id| &id.as_bytes()[..]).collect()
}

/// An address that is none, or certificates that cannot be read.
impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        Self::Server(Text::new(error.to_string(), error.to_string()))
    }
}

/// What the server or the way to it said. Never its `DETAIL`, which repeats values.
impl From<::postgres::Error> for VaultError {
    fn from(error: ::postgres::Error) -> Self {
        let words = match error.as_db_error() {
            Some(said) => format!("{} ({})", said.message(), said.code().code()),
            None => match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        };
        Self::Server(Text::new(words.clone(), words))
    }
}
