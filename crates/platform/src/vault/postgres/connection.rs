//! A connection to PostgreSQL that is used from any thread and comes back after a loss.
//!
//! The client waits on a runtime of its own, which cannot be entered from within another one: so each use is on a
//! thread of its own, started for it. That costs some thirty microseconds, less than the way to the server.

use std::sync::Mutex;

use kandeng_ledger::store::postgres::Address;
use postgres::{Client, Config, NoTls};

use crate::vault::{VaultError, lock};

fn connect(address: &Address) -> Result<Client, VaultError> {
    let mut config = Config::from(address.config().clone());
    config.application_name("kandeng-vault");
    let mut client = match address.tls()? {
        Some(tls) => config.connect(tls)?,
        None => config.connect(NoTls)?,
    };
    client.batch_execute(SESSION)?;
    Ok(client)
}

/// A commit is on the server's disk when it returns, whatever the server's defaults are; stronger settings of
/// the server's stay. Who hangs with a lock in hand loses it.
const SESSION: &str = "
select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') in ('off', 'local');
set lock_timeout = '20s';
set statement_timeout = '60s';
set idle_in_transaction_session_timeout = '20s';
set client_min_messages = 'warning';
";

/// One connection, which one caller at a time has.
pub(super) struct Connection {
    address: Address,
    client: Mutex<Option<Client>>,
}

impl Connection {
    /// Connects, and makes what `tables` says.
    pub(super) fn open(address: Address, tables: &str) -> Result<Self, VaultError> {
        let connection = Self {
            address,
            client: Mutex::new(None),
        };
        connection.with(|client| Ok(client.batch_execute(tables)?))?;
        Ok(connection)
    }

    /// Does something with the connection. When the connection is lost meanwhile it is done once more on a new
    /// one: it must come to the same.
    pub(super) fn with<T: Send>(
        &self,
        mut work: impl FnMut(&mut Client) -> Result<T, VaultError> + Send,
    ) -> Result<T, VaultError> {
        apart(|| {
            let mut held = lock(&self.client);
            if let Some(client) = held.as_mut() {
                let done = work(client);
                if !client.is_closed() {
                    return done;
                }
            }
            // A connection that comes new and is lost again is no accident.
            *held = None;
            let client = held.insert(connect(&self.address)?);
            work(client)
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Closing waits on the client's runtime too.
        let client = lock(&self.client).take();
        apart(move || drop(client));
    }
}

/// On a thread of its own, which belongs to no runtime.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
