//! Listening: HTTP/1.1 and 2, over TLS where a certificate is configured, until it is told to stop; what is being
//! answered then is answered.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

/// How long requests that are under way have when the server stops.
const LAST: Duration = Duration::from_secs(20);

/// How long somebody may take to send a request's headers.
const HEADERS: Duration = Duration::from_secs(10);

/// The most bytes of a request's headers.
const MOST_HEADERS: usize = 64 << 10;

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

/// A server that listens.
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Listening {
    /// Takes no more requests, and returns when those under way are answered, or after [`LAST`].
    pub async fn stop(self) {
        self.handle.graceful_shutdown(Some(LAST));
        // A task that failed has nothing under way.
        let _ = self.task.await;
    }
}

/// Listens at `address`; port 0 is any that is free.
///
/// # Errors
/// When the address or the certificate cannot be used.
pub async fn serve(
    router: Router,
    address: SocketAddr,
    tls: Option<&Tls>,
) -> Result<Listening, ServeError> {
    let failed = |problem| ServeError::Address { address, problem };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = match tls {
        None => {
            let server = axum_server::from_tcp(listener).map_err(failed)?;
            let mut server = server.handle(handle.clone());
            limit(server.http_builder());
            tokio::spawn(server.serve(service))
        }
        Some(tls) => {
            // Another part of the program may have chosen first; both are ring.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let config = RustlsConfig::from_pem_file(&tls.certificate, &tls.key)
                .await
                .map_err(|problem| ServeError::Certificate {
                    certificate: tls.certificate.display().to_string(),
                    problem,
                })?;
            let server = axum_server::from_tcp_rustls(listener, config).map_err(failed)?;
            let mut server = server.handle(handle.clone());
            limit(server.http_builder());
            tokio::spawn(server.serve(service))
        }
    };
    Ok(Listening {
        address,
        handle,
        task,
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
