//! Notices of a node that were given up, for whoever runs it.

use rusqlite::{Connection, OpenFlags};

use super::{Folder, NodeError};
use crate::notice::{GivenUp, given_up};

impl Folder {
    /// Notices that were given up, newest first, at most `limit`, as far as this node's read model has come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn notices_given_up(&self, limit: usize) -> Result<Vec<GivenUp>, NodeError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.database(), flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // A node that was never opened has no read model yet, and has told nobody anything.
        let there: bool = connection.query_row(
            "select exists (select 1 from sqlite_schema where name = 'notices')",
            [],
            |row| row.get(0),
        )?;
        if !there {
            return Ok(Vec::new());
        }
        Ok(given_up(&connection, limit)?)
    }
}
