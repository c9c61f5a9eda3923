//! Where a PostgreSQL server is and how it is met: limits, TLS, and a secret that is never shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failed;
use crate::error::StoreError;

/// The address of a server, as `postgres://user:password@host/database` or as `host=… user=… dbname=…`.
///
/// It holds a password, so it comes from a file or the environment, and no error, log or `Debug` shows it.
///
/// ```
/// use kandeng_ledger::store::postgres::Address;
/// let address = Address::parse("postgres://ledger:secret@db.example/county?sslmode=require")?;
/// assert_eq!(format!("{address:?}"), "Address(PostgreSQL)");
/// let wrong = Address::parse("host=db.example passwort=secret").unwrap_err();
/// assert!(!wrong.to_string().contains("secret"));
/// # Ok::<(), kandeng_ledger::StoreError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    config: Config,
    roots: Option<PathBuf>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Address(PostgreSQL)")
    }
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none; the address itself is not repeated, it holds a password.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let mut config: Config = text.trim().parse().map_err(|_| {
            failed(
                "the address is none: expected postgres://USER:PASSWORD@HOST/DATABASE or \
                 host=… user=… dbname=…",
            )
        })?;
        config.application_name("kandeng-ledger");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // A server that vanished without a word is noticed within half a minute.
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(30));
        }
        Ok(Self {
            config,
            roots: None,
        })
    }

    /// The address that a file holds.
    ///
    /// # Errors
    /// When the file cannot be read or holds none.
    pub fn from_file(path: &Path) -> Result<Self, StoreError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| failed(format!("{}: {error}", path.display())))?;
        Self::parse(&text)
    }

    /// The address that a variable of the environment holds.
    ///
    /// # Errors
    /// When it is not set or holds none.
    pub fn from_env(name: &str) -> Result<Self, StoreError> {
        let text =
            std::env::var(name).map_err(|_| failed(format!("the environment has no {name}")))?;
        Self::parse(&text)
    }

    /// The certificates (PEM) of whom the server's certificate must come from. Needed with
    /// `sslmode=require`: TLS that believes anybody protects from nobody.
    #[must_use]
    pub fn with_roots(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Some(path.into());
        self
    }

    /// What any client connects with. It holds the password.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What TLS is made with; nothing when the address does not ask for it.
    ///
    /// # Errors
    /// When the certificates are not named, or cannot be read.
    pub fn tls(&self) -> Result<Option<MakeRustlsConnect>, StoreError> {
        if self.config.get_ssl_mode() != SslMode::Require {
            return Ok(None);
        }
        let path = self.roots.as_ref().ok_or_else(|| {
            failed(
                "sslmode=require needs the file of the certificates that the server's must come from \
                 (on Debian /etc/ssl/certs/ca-certificates.crt has the public ones)",
            )
        })?;
        let unread = |problem: String| failed(format!("{}: {problem}", path.display()));
        let mut roots = rustls::RootCertStore::empty();
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| unread(error.to_string()))?
        {
            let certificate = certificate.map_err(|error| unread(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| unread(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(config)))
    }

    /// Connects, and hands what the server says unasked to `heard`.
    pub(super) async fn connect(
        &self,
        heard: Option<Ears>,
    ) -> Result<tokio_postgres::Client, StoreError> {
        match self.tls()? {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls).await.map_err(super::error)?;
                tokio::spawn(drive(connection, heard));
                Ok(client)
            }
            None => {
                let (client, connection) =
                    self.config.connect(NoTls).await.map_err(super::error)?;
                tokio::spawn(drive(connection, heard));
                Ok(client)
            }
        }
    }
}

/// Who is told of notifications, but of their own.
pub(super) struct Ears {
    pub tell: std::sync::mpsc::Sender<()>,
    pub own: String,
}

/// Carries messages until the connection ends, for whatever reason; its client is told by its next call.
async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, heard: Option<Ears>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    use tokio_postgres::AsyncMessage;
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(news))) => {
                // Who no longer listens need not be told.
                let others = heard.as_ref().filter(|ears| ears.own != news.payload());
                let _ = others.map(|ears| ears.tell.send(()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}
