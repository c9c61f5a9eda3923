//! Whose registers there are: what pages list, and what the watch looks up.

use jiff::civil::Date;
use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate as _, Tables};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::{OFF_WITHOUT_BASIS, Register, RegisterEvent, RegisterUse, RegisterUseEvent};

/// `register_uploads` and `register_bases`.
pub struct RegisterTables;

impl Tables for RegisterTables {
    fn name(&self) -> &'static str {
        "registers"
    }

    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["register_uploads", "register_bases"]
    }

    fn create(&self) -> &'static str {
        "create table register_uploads (
            upload text primary key,
            register text not null,
            state text not null, -- begun, in-force, over
            at integer not null, -- milliseconds since 1970
            owner text,
            purpose text,
            basis text,
            expires text,
            rows integer,
            file text,
            rows_at text,
            uses integer not null default 0, -- runs that have read it
            used_at integer -- when the last of them was
        ) strict;
        create index register_uploads_by_state on register_uploads (state);
        create table register_bases (
            register text primary key,
            basis text not null,
            by text not null,
            at integer not null -- milliseconds since 1970
        ) strict, without rowid;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        if let Some((envelope, read)) = RegisterUse::event_in(event)? {
            let RegisterUseEvent::RegistersUsed { used, .. } = read;
            let at = envelope.at.as_millisecond();
            return used
                .iter()
                .try_for_each(|used| count_use(to, used.upload, at))
                .map_err(|error| error.to_string());
        }
        let Some((envelope, read)) = Register::event_in(event)? else {
            return Ok(());
        };
        let at = envelope.at.as_millisecond();
        let done = match read {
            RegisterEvent::RegisterUploadBegun { register, upload } => to.execute(
                "insert into register_uploads (upload, register, state, at) values (?1, ?2, 'begun', ?3)",
                params![upload.to_string(), register, at],
            ),
            RegisterEvent::RegisterUploaded {
                register: _,
                upload,
                owner,
                purpose,
                basis,
                expires,
                rows,
                file,
                rows_at,
            } => to.execute(
                "update register_uploads set state = 'in-force', at = ?2, owner = ?3, purpose = ?4, basis = ?5, \
                 expires = ?6, rows = ?7, file = ?8, rows_at = ?9 where upload = ?1",
                params![
                    upload.to_string(),
                    at,
                    owner.to_string(),
                    purpose,
                    basis,
                    expires.to_string(),
                    rows as i64,
                    file,
                    rows_at.to_string()
                ],
            ),
            RegisterEvent::RegisterUsed { upload, .. } => count_use(to, upload, at).map(|()| 1),
            RegisterEvent::RegisterDeleted { upload, .. } => to.execute(
                "update register_uploads set state = 'over' where upload = ?1",
                params![upload.to_string()],
            ),
            RegisterEvent::RegisterBasisStated { register, basis } => to.execute(
                "insert or replace into register_bases values (?1, ?2, ?3, ?4)",
                params![register, basis, envelope.actor.to_string(), at],
            ),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

fn count_use(to: &Connection, upload: Uuid, at: i64) -> rusqlite::Result<()> {
    to.prepare_cached(
        "update register_uploads set uses = uses + 1, used_at = ?2 where upload = ?1",
    )?
    .execute(params![upload.to_string(), at])
    .map(|_| ())
}

/// A register in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The kind.
    pub register: String,
    /// The upload.
    pub upload: Uuid,
    /// Who answers for it.
    pub owner: Uuid,
    /// What for.
    pub purpose: String,
    /// What allows it.
    pub basis: String,
    /// The last day on which it is there.
    pub expires: String,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the file.
    pub file: String,
    /// Where its rows are in the vault.
    pub rows_at: Uuid,
    /// When it was brought in, in milliseconds since 1970.
    pub at: i64,
    /// How many screenings have read it.
    pub uses: u64,
    /// When the last of them was.
    pub used_at: Option<i64>,
}

/// All that were brought in and not deleted.
///
/// # Errors
/// When the read model fails.
pub fn listed(of: &Connection) -> rusqlite::Result<Vec<InForce>> {
    of.prepare_cached(
        "select register, upload, owner, purpose, basis, expires, rows, file, rows_at, at, uses, used_at \
         from register_uploads where state = 'in-force' order by register",
    )?
    .query_map([], |row| {
        Ok(InForce {
            register: row.get(0)?,
            upload: id(row, 1)?,
            owner: id(row, 2)?,
            purpose: row.get(3)?,
            basis: row.get(4)?,
            expires: row.get(5)?,
            rows: row.get::<_, i64>(6)? as u64,
            file: row.get(7)?,
            rows_at: id(row, 8)?,
            at: row.get(9)?,
            uses: row.get::<_, i64>(10)? as u64,
            used_at: row.get(11)?,
        })
    })?
    .collect()
}

/// Those that rules may read today: not past their last day, and not off.
///
/// # Errors
/// When the read model fails.
pub fn in_force(of: &Connection, today: Date) -> rusqlite::Result<Vec<InForce>> {
    let is_off = basis_of(of)?.is_none();
    let today = today.to_string();
    let mut all = listed(of)?;
    all.retain(|one| one.expires >= today && !(is_off && one.register == OFF_WITHOUT_BASIS));
    Ok(all)
}

/// What the county says allows the register that is off without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// What.
    pub basis: String,
    /// Who stated it.
    pub by: Uuid,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// The basis, once it was stated.
///
/// # Errors
/// When the read model fails.
pub fn basis_of(of: &Connection) -> rusqlite::Result<Option<Basis>> {
    of.prepare_cached("select basis, by, at from register_bases where register = ?1")?
        .query_row([OFF_WITHOUT_BASIS], |row| {
            Ok(Basis {
                basis: row.get(0)?,
                by: id(row, 1)?,
                at: row.get(2)?,
            })
        })
        .optional()
}

/// Uploads that are to be forgotten: over, or begun before `before` and never ended. The second says which of the two.
pub(super) fn to_forget(
    of: &Connection,
    before: i64,
) -> rusqlite::Result<Vec<(String, Uuid, bool)>> {
    of.prepare_cached(
        "select register, upload, state = 'begun' from register_uploads \
         where (state = 'over' or state = 'begun' and at < ?1) \
         and upload not in (select person from erased_people)",
    )?
    .query_map([before], |row| Ok((row.get(0)?, id(row, 1)?, row.get(2)?)))?
    .collect()
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    // Cannot fail to parse: the projection wrote it.
    Ok(Uuid::try_parse(row.get_ref(column)?.as_str()?).unwrap_or_default())
}
