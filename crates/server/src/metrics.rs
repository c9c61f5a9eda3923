//! How the server does, in the text format that Prometheus reads: requests by route and status, how long they took,
//! what waits. Routes stand as they were declared; no id, no name and no address is among the labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::{Method, header};
use axum::routing::get;
use kandeng_platform::page::Site;

/// Upper bounds of the classes of times, in milliseconds.
const BOUNDS: [u32; 11] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

/// What was counted since the start.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Default)]
struct Inner {
    under_way: AtomicI64,
    routes: Mutex<BTreeMap<(String, String), Route>>,
}

/// What is known of one route.
#[derive(Clone, Default)]
struct Route {
    /// How often it was answered, by status.
    answers: BTreeMap<u16, u64>,
    /// How many took no longer than each bound, and longer than the one before.
    times: [u64; BOUNDS.len() + 1],
    seconds: f64,
}

/// A request that is under way. It is counted as ended when this is dropped, also when whoever asked has gone.
pub(crate) struct UnderWay(Metrics);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    pub(crate) fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let place = BOUNDS
            .iter()
            .position(|bound| took <= Duration::from_millis(u64::from(*bound)))
            .unwrap_or(BOUNDS.len());
        // A method that nobody knows would be a label that whoever asks makes up.
        let known = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::HEAD,
            Method::OPTIONS,
        ];
        let method = if known.contains(method) {
            method.as_str()
        } else {
            "other"
        };
        let mut routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let of = routes
            .entry((route.to_owned(), method.to_owned()))
            .or_default();
        *of.answers.entry(status).or_default() += 1;
        of.times[place] += 1;
        of.seconds += took.as_secs_f64();
    }

    /// All of it as text, with what waits at the moment.
    pub fn text(&self, site: &Site) -> String {
        let routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let routes = routes.clone();
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, about: &str| {
            // Cannot fail: a String takes everything.
            let _ = write!(text, "# HELP {name} {about}\n# TYPE {name} {kind}\n");
        };
        let name = "kandeng_http_requests_total";
        head(&mut text, name, "counter", "Requests that were answered.");
        for ((route, method), of) in &routes {
            for (status, count) in &of.answers {
                let _ = writeln!(
                    text,
                    "{name}{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
                );
            }
        }
        let name = "kandeng_http_request_seconds";
        head(&mut text, name, "histogram", "Until the answer began.");
        for ((route, method), of) in &routes {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            let mut sum = 0;
            for (bound, count) in BOUNDS.iter().zip(of.times) {
                sum += count;
                let bound = f64::from(*bound) / 1_000.0;
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {sum}");
            }
            sum += of.times[BOUNDS.len()];
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {sum}");
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", of.seconds);
            let _ = writeln!(text, "{name}_count{{{labels}}} {sum}");
        }
        let platform = site.platform();
        let ledger = platform.ledger();
        let events = ledger.checkpoint().map_or(0, |newest| newest.size);
        let under_way = self.0.under_way.load(Ordering::Relaxed);
        let mut gauges = vec![
            (
                "kandeng_http_requests_under_way",
                "Requests being answered.",
                under_way,
            ),
            (
                "kandeng_ledger_events",
                "Events in the ledger.",
                events as i64,
            ),
            (
                "kandeng_ledger_appends_waiting",
                "Appends that wait for the writer.",
                ledger.waiting() as i64,
            ),
            (
                "kandeng_read_model_events_behind",
                "Events that the read model has not taken in.",
                platform.behind() as i64,
            ),
            (
                "kandeng_read_only",
                "Whether nothing is written for want of room on the disk.",
                i64::from(platform.room().is_short()),
            ),
        ];
        let counts = [
            (
                "kandeng_notices_waiting",
                "Notices to be sent.",
                "select count(*) from notices where state in ('waiting', 'leased')",
            ),
            (
                "kandeng_notices_dead",
                "Notices that could not be sent.",
                "select count(*) from notices where state = 'dead'",
            ),
            (
                "kandeng_deadlines_running",
                "Deadlines that run.",
                "select count(*) from deadlines where state = 'running'",
            ),
        ];
        for (name, help, select) in counts {
            let count = platform.query(|connection| {
                connection
                    .prepare_cached(select)?
                    .query_row([], |row| row.get(0))
            });
            // A read model that does not answer shows as a gap; /readyz says so too.
            if let Ok(count) = count {
                gauges.push((name, help, count));
            }
        }
        for (name, help, value) in gauges {
            head(&mut text, name, "gauge", help);
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }

    /// Answers `/metrics`: for a listener of its own, which nobody but whoever watches reaches.
    pub fn router(&self, site: &Site) -> Router {
        let (metrics, site) = (self.clone(), site.clone());
        Router::new().route(
            "/metrics",
            get(async move || {
                let kind = "text/plain; version=0.0.4; charset=utf-8";
                ([(header::CONTENT_TYPE, kind)], metrics.text(&site))
            }),
        )
    }
}
