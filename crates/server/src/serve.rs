//! Listening: HTTP/1.1 and 2, over TLS where a certificate is configured, until it is told to stop; what is being
//! answered then is answered.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};

use crate::gate::Gate;

/// How long requests that are under way have when the server stops.
const LAST: Duration = Duration::from_secs(20);

/// How long somebody may take to send a request's headers.
const HEADERS: Duration = Duration::from_secs(10);

/// How long somebody may take nothing of what is sent.
const PATIENCE: Duration = Duration::from_mins(1);

/// The most bytes of a request's headers.
const MOST_HEADERS: usize = 64 << 10;

/// How often it is looked whether the certificate's files have changed.
const LOOK: Duration = Duration::from_secs(30);

/// A server that cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {problem}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// In the system's words.
        problem: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate {certificate} cannot be used: {problem}")]
    Certificate {
        /// Where it is.
        certificate: String,
        /// What is wrong.
        problem: std::io::Error,
    },
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificates, the server's own first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

impl Tls {
    /// Whether TLS can be spoken with it, without listening anywhere.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn check(&self) -> Result<(), ServeError> {
        Certificate::read(self).await.map(|_| ())
    }

    /// When either file was written last, as far as the system says.
    fn written(&self) -> Vec<Option<SystemTime>> {
        let written = |path| std::fs::metadata(path).and_then(|file| file.modified());
        [&self.certificate, &self.key]
            .map(|path| written(path).ok())
            .into()
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address; port 0 is any that is free.
    pub address: SocketAddr,
    /// What TLS is spoken with, if any.
    pub tls: Option<Tls>,
    /// The most connections at a time; more are closed at once.
    pub connections: usize,
    /// How long one may take nothing of what is sent.
    pub patience: Duration,
}

impl Listen {
    /// Without TLS, for up to 1,024 connections.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            connections: 1_024,
            patience: PATIENCE,
        }
    }
}

/// A server that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    certificate: Option<Arc<Certificate>>,
    looking: Option<tokio::task::JoinHandle<()>>,
}

impl Listening {
    /// Takes no more requests, and returns when those under way are answered, or after 20 s.
    pub async fn stop(self) {
        self.handle.graceful_shutdown(Some(LAST));
        if let Some(looking) = &self.looking {
            looking.abort();
        }
        // A task that failed has nothing under way.
        let _ = self.task.await;
    }

    /// Takes up the certificate as it stands in its files now; connections that are open keep theirs. It is done by
    /// itself, too, within half a minute of a change.
    ///
    /// # Errors
    /// When it cannot be used: then the one before stays.
    pub async fn renew_certificate(&self) -> Result<(), ServeError> {
        match &self.certificate {
            Some(certificate) => certificate.renew().await,
            None => Ok(()),
        }
    }
}

/// The certificate in use, and where it comes from.
struct Certificate {
    config: RustlsConfig,
    tls: Tls,
}

impl Certificate {
    async fn read(tls: &Tls) -> Result<Self, ServeError> {
        // Another part of the program may have chosen first; both are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await;
        Ok(Self {
            config: config.map_err(|problem| unusable(tls, problem))?,
            tls: tls.clone(),
        })
    }

    async fn renew(&self) -> Result<(), ServeError> {
        let tls = &self.tls;
        let renewed = self.config.reload_from_pem_file(&tls.certificate, &tls.key);
        renewed.await.map_err(|problem| unusable(tls, problem))
    }

    /// Looks again and again, and renews what has changed.
    async fn keep_renewed(&self) {
        let mut seen = self.tls.written();
        loop {
            tokio::time::sleep(LOOK).await;
            let written = self.tls.written();
            if written == seen {
                continue;
            }
            match self.renew().await {
                Ok(()) => tracing::info!("the certificate was renewed"),
                // Written in two steps, perhaps: looked at again the next time it changes.
                Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
            }
            seen = written;
        }
    }
}

fn unusable(tls: &Tls, problem: std::io::Error) -> ServeError {
    ServeError::Certificate {
        certificate: tls.certificate.display().to_string(),
        problem,
    }
}

/// Listens.
///
/// # Errors
/// When the address or the certificate cannot be used.
pub async fn serve(router: Router, listen: &Listen) -> Result<Listening, ServeError> {
    let address = listen.address;
    let failed = |problem| ServeError::Address { address, problem };
    let certificate = match &listen.tls {
        Some(tls) => Some(Arc::new(Certificate::read(tls).await?)),
        None => None,
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let gate = Gate::new(listen.connections, listen.patience);
    let server = axum_server::from_tcp(listener).map_err(failed)?;
    let mut server = server
        .handle(handle.clone())
        .first_request_timeout(HEADERS * 2);
    limit(server.http_builder());
    let task = match &certificate {
        None => tokio::spawn(server.acceptor(gate).serve(service)),
        Some(certificate) => {
            let over_tls = RustlsAcceptor::new(certificate.config.clone()).acceptor(gate);
            tokio::spawn(server.acceptor(over_tls).serve(service))
        }
    };
    let looking = certificate.clone().map(|certificate| {
        tokio::spawn(async move {
            certificate.keep_renewed().await;
        })
    });
    Ok(Listening {
        address,
        handle,
        task,
        certificate,
        looking,
    })
}

/// What one connection may take: whoever sends headers too slowly is cut off, and headers have an end.
fn limit<E>(builder: &mut hyper_util::server::conn::auto::Builder<E>) {
    let mut http1 = builder.http1();
    http1
        .header_read_timeout(HEADERS)
        .max_buf_size(MOST_HEADERS);
    let mut http2 = builder.http2();
    http2
        .max_header_list_size(MOST_HEADERS as u32)
        .max_concurrent_streams(100)
        .keep_alive_interval(HEADERS)
        .keep_alive_timeout(HEADERS);
}
