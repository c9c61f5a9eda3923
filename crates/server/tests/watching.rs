//! What the server tells about itself, and what it keeps to itself.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use kandeng_server::{Telemetry, log_to, serve};
use support::{House, block_on};

/// One after the other: what is logged and traced by several at a time in one program is told to whoever came first.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn metrics_count_by_route_and_never_by_what_somebody_asked_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let house = House::new();
    block_on(async {
        let mut browser = house.browser();
        for path in [
            "/sign-in",
            "/sign-in",
            "/nothing/zhao",
            "/invitation/secret",
        ] {
            browser.get(path).await;
        }
        let router = house.metrics.router(&house.site);
        let listen = kandeng_server::Listen::at("127.0.0.1:0".parse().unwrap());
        let listening = serve(router, &listen).await.unwrap();
        let url = format!("http://{}/metrics", listening.address);
        let text = tokio::task::spawn_blocking(move || {
            let mut response = ureq::get(&url).call().unwrap();
            response.body_mut().read_to_string().unwrap()
        });
        let text = text.await.unwrap();
        for line in [
            "kandeng_http_requests_total{method=\"GET\",route=\"/sign-in\",status=\"200\"} 2",
            "kandeng_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
            "kandeng_http_request_seconds_bucket{method=\"GET\",route=\"/sign-in\",le=\"+Inf\"} 2",
            "kandeng_http_request_seconds_count{method=\"GET\",route=\"/sign-in\"} 2",
            "# TYPE kandeng_http_request_seconds histogram",
            "kandeng_http_requests_under_way 0",
            "kandeng_ledger_appends_waiting 0",
            "kandeng_read_model_events_behind 0",
            "kandeng_notices_waiting 0",
        ] {
            assert!(text.lines().any(|of| of == line), "{line}\n{text}");
        }
        assert!(!text.contains("zhao") && !text.contains("secret"), "{text}");
        // Every name has its kind, once.
        let kinds: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        let names: std::collections::BTreeSet<&str> = kinds
            .iter()
            .map(|kind| kind.split(' ').next().unwrap())
            .collect();
        assert_eq!(names.len(), kinds.len());
        listening.stop().await;
    });
}

/// Answers one request, and gives its first line and its body.
fn collector() -> (String, std::thread::JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(of) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = of.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        (&stream).write_all(answer.as_bytes()).unwrap();
        (first, body)
    });
    (url, thread)
}

#[test]
fn traces_go_to_the_collector_with_the_route_and_without_what_was_asked_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (url, collected) = collector();
    let telemetry = Telemetry::start(&url, 1).unwrap();
    let log = log_to(std::io::sink, "off", Some(&telemetry));
    tracing::subscriber::with_default(log, || {
        let house = House::new();
        block_on(async {
            let mut browser = house.browser();
            browser.get("/invitation/a-secret-link?name=zhao").await;
        });
    });
    telemetry.stop();
    let (first, body) = collected.join().unwrap();
    assert_eq!(first, "POST /v1/traces HTTP/1.1\r\n");
    let holds = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("GET /invitation/{token}") && holds("http.response.status_code"));
    let shown = String::from_utf8_lossy(&body);
    assert!(holds("kandeng"), "{shown}");
    assert!(!holds("a-secret-link") && !holds("zhao"), "{shown}");
}

#[test]
fn where_no_collector_is_requests_are_answered_all_the_same() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Nobody listens there any more.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let telemetry = Telemetry::start(&format!("http://{address}/v1/traces"), 1).unwrap();
    let log = log_to(std::io::sink, "off", Some(&telemetry));
    tracing::subscriber::with_default(log, || {
        let house = House::new();
        block_on(async {
            let seen = house.browser().get("/sign-in").await;
            assert_eq!(seen.status, StatusCode::OK);
        });
    });
    telemetry.stop();
}
