//! Over real sockets: stopping loses nothing, and what cannot be listened on is told.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kandeng_server::{Listen, Tls, serve};
use support::block_on;

fn anywhere() -> Listen {
    Listen::at("127.0.0.1:0".parse().unwrap())
}

#[test]
fn what_is_under_way_when_the_server_stops_is_answered() {
    block_on(async {
        let router = Router::new().route(
            "/slow",
            get(async || {
                tokio::time::sleep(Duration::from_millis(400)).await;
                "done"
            }),
        );
        let listening = serve(router, &anywhere()).await.unwrap();
        let address = listening.address;
        let asking = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        tokio::time::sleep(Duration::from_millis(150)).await;
        listening.stop().await;
        let answer = asking.join().unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
            "{answer}"
        );
        assert!(TcpStream::connect(address).is_err());
    });
}

#[test]
fn headers_without_end_are_refused() {
    block_on(async {
        let listening = serve(Router::new(), &anywhere()).await.unwrap();
        let address = listening.address;
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let line = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(200 << 10));
            // It may be cut off before all of it is sent.
            let _ = stream.write_all(line.as_bytes());
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        let answer = answer.await.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
        listening.stop().await;
    });
}

/// Asks and reads until the other side closes.
fn ask(stream: &mut TcpStream, text: &str) -> String {
    // It may be closed already.
    let _ = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn one_connection_more_than_there_is_room_for_is_closed_and_the_others_are_served() {
    block_on(async {
        let router = Router::new().route("/", get(async || "in"));
        let listen = Listen {
            connections: 2,
            ..anywhere()
        };
        let listening = serve(router, &listen).await.unwrap();
        let address = listening.address;
        let answers = tokio::task::spawn_blocking(move || {
            let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let mut inside = TcpStream::connect(address).unwrap();
            let held = TcpStream::connect(address).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            let mut outside = TcpStream::connect(address).unwrap();
            let refused = ask(&mut outside, request);
            let served = ask(&mut inside, request);
            drop(held);
            std::thread::sleep(Duration::from_millis(200));
            let mut later = TcpStream::connect(address).unwrap();
            (refused, served, ask(&mut later, request))
        });
        let (refused, served, later) = answers.await.unwrap();
        assert_eq!(refused, "");
        assert!(served.ends_with("in"), "{served}");
        assert!(later.ends_with("in"), "{later}");
        listening.stop().await;
    });
}

#[test]
fn whoever_takes_nothing_of_the_answer_loses_their_place() {
    block_on(async {
        let router = Router::new().route("/", get(async || "x".repeat(1 << 20)));
        let listen = Listen {
            connections: 1,
            patience: Duration::from_millis(300),
            ..anywhere()
        };
        let listening = serve(router, &listen).await.unwrap();
        let address = listening.address;
        let served = tokio::task::spawn_blocking(move || {
            let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
            let mut takes_nothing = TcpStream::connect(address).unwrap();
            // More than the system keeps for one connection.
            takes_nothing
                .write_all(request.repeat(100).as_bytes())
                .unwrap();
            let since = std::time::Instant::now();
            let closing = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            loop {
                let mut later = TcpStream::connect(address).unwrap();
                let answer = ask(&mut later, closing);
                if answer.starts_with("HTTP/1.1 200") || since.elapsed() > Duration::from_secs(20) {
                    return answer;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        assert!(served.await.unwrap().starts_with("HTTP/1.1 200"));
        listening.stop().await;
    });
}

#[test]
fn whoever_sends_headers_too_slowly_is_cut_off() {
    block_on(async {
        let listening = serve(Router::new(), &anywhere()).await.unwrap();
        let address = listening.address;
        let took = tokio::task::spawn_blocking(move || {
            let since = std::time::Instant::now();
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(40)))
                .unwrap();
            ask(&mut stream, "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ");
            since.elapsed()
        });
        let took = took.await.unwrap();
        assert!(took < Duration::from_secs(30), "{took:?}");
        listening.stop().await;
    });
}

/// Trusts the one certificate that it is told.
fn client(certificate: &Path, protocol: &[u8]) -> Arc<rustls::ClientConfig> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

type Secure = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

fn connect(address: SocketAddr, config: Arc<rustls::ClientConfig>) -> std::io::Result<Secure> {
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(config, name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut secure = rustls::StreamOwned::new(connection, stream);
    while secure.conn.is_handshaking() {
        secure.conn.complete_io(&mut secure.sock)?;
    }
    Ok(secure)
}

fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certificates")
        .join(name)
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[test]
fn over_tls_http_2_is_spoken_and_the_certificate_is_renewed_without_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let put = |name: &str| {
        std::fs::copy(certificate(&format!("{name}.pem")), at("server.pem")).unwrap();
        std::fs::copy(
            certificate(&format!("{name}-key.pem")),
            at("server-key.pem"),
        )
        .unwrap();
    };
    put("one");
    block_on(async {
        let listen = Listen {
            tls: Some(Tls {
                certificate: at("server.pem"),
                key: at("server-key.pem"),
            }),
            ..anywhere()
        };
        let router = Router::new().route("/", get(async || "lit"));
        let listening = serve(router, &listen).await.unwrap();
        let address = listening.address;
        let seen = tokio::task::spawn_blocking(move || {
            let config = client(&certificate("one.pem"), b"h2");
            let mut stream = connect(address, config).unwrap();
            assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
            let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
            request.extend(frame(4, 0, 0, &[]));
            // GET, https, / and localhost, in the words of RFC 7541; the end of headers and of the request.
            let mut headers = vec![0x82, 0x87, 0x84, 0x01, 9];
            headers.extend(b"localhost");
            request.extend(frame(1, 5, 1, &headers));
            stream.write_all(&request).unwrap();
            // Frames until the one with the headers of the answer.
            loop {
                let mut head = [0; 9];
                stream.read_exact(&mut head).unwrap();
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                stream.read_exact(&mut payload).unwrap();
                if head[3] == 1 {
                    return payload;
                }
            }
        });
        // :status 200 stands at place 8 of the static table.
        assert_eq!(seen.await.unwrap()[0], 0x88);

        // What cannot be used changes nothing.
        std::fs::write(at("server.pem"), "none").unwrap();
        assert!(listening.renew_certificate().await.is_err());
        let trusted = async |name: &'static str| {
            let trying = tokio::task::spawn_blocking(move || {
                let config = client(&certificate(name), b"http/1.1");
                let mut stream = connect(address, config)?;
                stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
                let mut answer = String::new();
                // It may close without saying so.
                let _ = stream.read_to_string(&mut answer);
                Ok::<_, std::io::Error>(answer)
            });
            trying
                .await
                .unwrap()
                .is_ok_and(|answer| answer.ends_with("lit"))
        };
        assert!(trusted("one.pem").await && !trusted("two.pem").await);
        put("two");
        listening.renew_certificate().await.unwrap();
        assert!(trusted("two.pem").await && !trusted("one.pem").await);
        listening.stop().await;
    });
}

#[test]
fn an_address_that_is_taken_and_a_certificate_that_is_none_are_told() {
    block_on(async {
        let listening = serve(Router::new(), &anywhere()).await.unwrap();
        let Err(taken) = serve(Router::new(), &Listen::at(listening.address)).await else {
            panic!("it is taken");
        };
        assert!(taken.to_string().contains(&listening.address.to_string()));
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls {
            certificate: folder.path().join("none.pem"),
            key: folder.path().join("none.key"),
        };
        let listen = Listen {
            tls: Some(tls),
            ..anywhere()
        };
        let Err(none) = serve(Router::new(), &listen).await else {
            panic!("it is none");
        };
        assert!(none.to_string().contains("none.pem"));
        listening.stop().await;
    });
}
