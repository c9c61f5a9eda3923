//! Over real sockets: stopping loses nothing, and what cannot be listened on is told.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kandeng_server::serve;
use support::block_on;

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
        let listening = serve(router, "127.0.0.1:0".parse().unwrap(), None)
            .await
            .unwrap();
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
        let listening = serve(Router::new(), "127.0.0.1:0".parse().unwrap(), None)
            .await
            .unwrap();
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

#[test]
fn an_address_that_is_taken_and_a_certificate_that_is_none_are_told() {
    block_on(async {
        let listening = serve(Router::new(), "127.0.0.1:0".parse().unwrap(), None)
            .await
            .unwrap();
        let Err(taken) = serve(Router::new(), listening.address, None).await else {
            panic!("it is taken");
        };
        assert!(taken.to_string().contains(&listening.address.to_string()));
        let folder = tempfile::tempdir().unwrap();
        let tls = kandeng_server::Tls {
            certificate: folder.path().join("none.pem"),
            key: folder.path().join("none.key"),
        };
        let Err(none) = serve(Router::new(), "127.0.0.1:0".parse().unwrap(), Some(&tls)).await
        else {
            panic!("it is none");
        };
        assert!(none.to_string().contains("none.pem"));
        listening.stop().await;
    });
}
