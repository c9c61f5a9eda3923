//! Sessions: whose a token is, and when one ends. That a session was opened or closed is an event, so that every node
//! knows; when it was last used is not, since that happens with each page, and each node knows for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::commands::SignOut;
use super::events::Account;
use super::people::{People, PeopleError};
use super::role::Viewer;
use super::secrets::hash;
use super::tables;
use crate::context::Context;

/// How long a session may go unused, in minutes.
pub const IDLE_MINUTES: i64 = 60;

/// How long after signing in somebody may change what signs them in, in minutes.
pub const RECENT_MINUTES: i64 = 15;

/// How long before a session was opened it counts, in minutes: nodes' clocks differ, and a clock is set back an hour by
/// mistake. Where it is set back further a session has ended, or it would last until the clock has caught up.
const BEFORE_MINUTES: i64 = 60;

/// The most sessions that are remembered.
pub(super) const MOST_SESSIONS: usize = 4_096;

/// A session as the ledger has it. When it ends by itself is asked of the clock each time.
#[derive(Clone)]
pub(super) struct Session {
    viewer: Viewer,
    opened: Timestamp,
    until: Timestamp,
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Somebody.
    Person,
    /// A page that stands open, by itself.
    Page,
}

/// When sessions were last used at this node.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<Uuid, Timestamp>>);

impl Seen {
    /// Whether it was used lately: here, or where this node has not seen it, when it was opened. If so it is used
    /// now, unless a page asks by itself. So a session that was left is left after a restart too, and at another node.
    fn lately(&self, session: Uuid, opened: Timestamp, now: Timestamp, by: By) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.get(&session).copied().unwrap_or(opened);
        if !recent(last, now) {
            return false;
        }
        if by == By::Page {
            return true;
        }
        let fresh = all.insert(session, now).is_none();
        // Looked through as it grows. Whatever is let go of was opened before it was last used, and so it stays ended.
        if fresh && all.len().is_power_of_two() {
            all.retain(|_, last| recent(*last, now));
        }
        true
    }
}

fn recent(last: Timestamp, now: Timestamp) -> bool {
    // Also where the clock stands before that: it is used now, by the clock as it is, and counted on from there.
    last.duration_until(now) < SignedDuration::from_mins(IDLE_MINUTES)
}

impl People {
    /// Whose session it is, if it is open at `now`; it is used by that.
    ///
    /// # Errors
    /// When the read model fails.
    pub fn viewer(&self, token: &str, now: Timestamp) -> Result<Option<Viewer>, PeopleError> {
        self.viewer_by(token, now, By::Person)
    }

    /// The same where a page asks by itself, again and again for as long as it stands open: nobody uses the session by
    /// that, so that a desk that was left is left.
    ///
    /// # Errors
    /// When the read model fails.
    pub fn viewer_of_page(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Viewer>, PeopleError> {
        self.viewer_by(token, now, By::Page)
    }

    fn viewer_by(
        &self,
        token: &str,
        now: Timestamp,
        by: By,
    ) -> Result<Option<Viewer>, PeopleError> {
        let token = hash(token);
        let read = || self.platform().query(|of| read(of, &token));
        let session = (self.0.sessions).of(self.platform(), token.clone(), read)?;
        let Some(session) = session else {
            return Ok(None);
        };
        let opened_by = now + SignedDuration::from_mins(BEFORE_MINUTES);
        let is_open = session.until > now && session.opened <= opened_by;
        let seen = &self.0.seen;
        let is_used = is_open && seen.lately(session.viewer.session, session.opened, now, by);
        Ok(is_used.then_some(session.viewer))
    }

    /// Whether the viewer signed in lately: not only has a session, but showed who they are.
    ///
    /// # Errors
    /// When the read model fails.
    pub fn signed_in_lately(&self, viewer: &Viewer, now: Timestamp) -> Result<bool, PeopleError> {
        let opened: Option<i64> = self.platform().query(|connection| {
            connection
                .prepare_cached("select opened_at from sessions where id = ?1")?
                .query_row([viewer.session.to_string()], |row| row.get(0))
                .optional()
        })?;
        let since = opened.map(|opened| now.as_millisecond() - opened);
        Ok(since.is_some_and(|since| since.abs() <= RECENT_MINUTES * 60_000))
    }

    /// Ends the viewer's session.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn sign_out(&self, viewer: &Viewer, cx: &Context) -> Result<(), PeopleError> {
        self.platform()
            .carry_out::<Account, _>(viewer.account, SignOut(viewer.session), cx)
            .await?;
        Ok(())
    }
}

/// The session of a token, unless it was closed or its account is not to be used: whatever else the clock says of it.
fn read(of: &Connection, token: &str) -> rusqlite::Result<Option<Session>> {
    let found: Option<(String, String, String, i64, i64)> = of
        .prepare_cached(
            "select s.id, s.account, a.language, s.opened_at, s.until \
             from sessions s join accounts a on a.id = s.account \
             where s.token = ?1 and a.state = 'active' \
             and not exists (select 1 from erased_people e where e.person = a.id)",
        )?
        .query_row([token], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .optional()?;
    let Some((session, account, language, opened, until)) = found else {
        return Ok(None);
    };
    let viewer = tables::viewer(of, &account, &language, &session)?;
    let times = [opened, until].map(|at| Timestamp::from_millisecond(at).ok());
    Ok(match (viewer, times) {
        (Some(viewer), [Some(opened), Some(until)]) => Some(Session {
            viewer,
            opened,
            until,
        }),
        _ => None,
    })
}

/// Open sessions of an account, newest first: id, since when, until when at the latest.
///
/// # Errors
/// When the read model fails.
pub fn sessions_of(of: &Connection, account: Uuid) -> rusqlite::Result<Vec<(String, i64, i64)>> {
    let mut select = of.prepare_cached(
        "select id, opened_at, until from sessions where account = ?1 order by opened_at desc",
    )?;
    let rows = select.query_map([account.to_string()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_sessions_is_those_in_use() {
        let seen = Seen::default();
        let at =
            |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1_000_000 + minutes);
        for number in 0..10_000_u128 {
            let now = at(number as i64);
            assert!(seen.lately(Uuid::from_u128(number), now, now, By::Person));
        }
        assert!(seen.0.lock().unwrap().len() < 8_192);
        // One that ended by itself and was let go of does not come back.
        assert!(!seen.lately(Uuid::from_u128(7), at(7), at(10_000), By::Person));
    }
}
