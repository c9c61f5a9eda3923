//! A connection to PostgreSQL that is used from any thread and comes back after a loss.
//!
//! The client waits on a runtime of its own, which cannot be entered from within another one: so each use is on a
//! thread of its own, started for it. That costs some thirty microseconds, less than the way to the server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::context::Text;
use crate::vault::{VaultError, lock};

/// A database that a vault may stand in: its address, which holds a password, so that no error, log or `Debug`
/// shows it.
#[derive(Clone)]
pub struct Server {
    config: Config,
    roots: Option<PathBuf>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Server(PostgreSQL)")
    }
}

impl Server {
    /// The server of an address such as `postgres://USER:PASSWORD@HOST/DATABASE`. Where the address says
    /// `sslmode=require` the server's certificate must come from one of those in the file `roots`.
    ///
    /// # Errors
    /// When it is none; the address itself is not repeated.
    pub fn parse(address: &str, roots: Option<&Path>) -> Result<Self, VaultError> {
        let mut config: Config = address.trim().parse().map_err(|_| {
            VaultError::Server(Text::new(
                "地址无效;应为 postgres://USER:PASSWORD@HOST/DATABASE",
                "the address is none: expected postgres://USER:PASSWORD@HOST/DATABASE",
            ))
        })?;
        config.application_name("kandeng-vault");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // A server that vanished without a word is noticed within half a minute.
        config.keepalives_idle(Duration::from_secs(10));
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(30));
        }
        Ok(Self {
            config,
            roots: roots.map(Path::to_owned),
        })
    }

    fn connect(&self) -> Result<Client, VaultError> {
        let mut client = if self.config.get_ssl_mode() == SslMode::Require {
            self.config.connect(self.tls()?)?
        } else {
            self.config.connect(NoTls)?
        };
        client.batch_execute(SESSION)?;
        Ok(client)
    }

    fn tls(&self) -> Result<MakeRustlsConnect, VaultError> {
        let wrong = |zh: String, en: String| VaultError::Server(Text::new(zh, en));
        let path = self.roots.as_ref().ok_or_else(|| {
            wrong(
                "sslmode=require 还需要 certificates".to_owned(),
                "sslmode=require needs `certificates` too".to_owned(),
            )
        })?;
        let unread = |problem: &dyn std::fmt::Display| {
            let told = format!("{}: {problem}", path.display());
            wrong(told.clone(), told)
        };
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unread(&error))? {
            let certificate = certificate.map_err(|error| unread(&error))?;
            roots.add(certificate).map_err(|error| unread(&error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unread(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
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
    server: Server,
    client: Mutex<Option<Client>>,
}

impl Connection {
    /// Connects, and makes what `tables` says.
    pub(super) fn open(server: Server, tables: &str) -> Result<Self, VaultError> {
        let connection = Self {
            server,
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
            let client = held.insert(self.server.connect()?);
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
