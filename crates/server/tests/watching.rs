//! What the server tells about itself, and what it keeps to itself.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use kandeng_server::{Telemetry, log_to, serve};
use support::{House, PASSWORD, block_on};

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_has_a_line_for_each_request_and_nothing_that_somebody_typed() {
    let lines = Lines::default();
    let writer = lines.clone();
    // However much is asked for: also what others say at their finest.
    let log = log_to(move || writer.clone(), "trace", None);
    tracing::subscriber::with_default(log, || {
        let house = House::new();
        block_on(async {
            let link = house.invited("wang", Role::Officer, "990121").await;
            let mut browser = house.browser();
            let seen = browser.get(&format!("/invitation/{link}?name=zhao")).await;
            assert_eq!(seen.status, StatusCode::OK);
            let fields = [("login", "wang"), ("password", PASSWORD), ("code", "1")];
            browser.post("/sign-in", &fields).await;
            browser.get("/nothing/zhao").await;
            let number = seen.header("x-request-id").to_owned();
            let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            let answered: Vec<serde_json::Value> = log
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .filter(|line: &serde_json::Value| line["fields"]["message"] == "answered")
                .collect();
            assert_eq!(answered.len(), 3, "{log}");
            assert_eq!(answered[0]["fields"]["request"], number);
            assert_eq!(answered[0]["fields"]["route"], "/invitation/{token}");
            assert_eq!(answered[0]["fields"]["status"], 200);
            for secret in [link.as_str(), "zhao", "wang", PASSWORD, "王"] {
                assert!(!log.contains(secret), "{secret}: {log}");
            }
        });
    });
}

#[test]
fn metrics_count_by_route_and_never_by_what_somebody_asked_for() {
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
