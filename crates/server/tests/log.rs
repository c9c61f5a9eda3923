//! The log: a line for each request, and nothing that somebody typed. Alone in its program, since what others log at the
//! same time decides with whom a place in the code is known to the log.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use kandeng_server::log_to;
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
