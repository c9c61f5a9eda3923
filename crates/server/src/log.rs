//! What is logged and traced: what our own crates say, at the level that was asked for, and warnings of others. Their
//! finer lines hold addresses, headers and cookies as they came, which must stand nowhere.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

use crate::Telemetry;

/// The variable that says how much is logged.
const VARIABLE: &str = "KANDENG_LOG";

/// Whether it may be written down.
pub(crate) fn is_ours(of: &Metadata<'_>) -> bool {
    of.target().starts_with("kandeng") || *of.level() <= Level::WARN
}

/// A log of lines of JSON; `much` is such as `info`, `warn`, or `kandeng_server=debug`.
pub fn log_to<W>(
    writer: W,
    much: &str,
    telemetry: Option<&Telemetry>,
) -> impl Subscriber + Send + Sync + 'static
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let much = EnvFilter::try_new(much).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        // The line says it all; what it stands within would say it again.
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(much)
        .with_filter(filter_fn(is_ours));
    Registry::default()
        .with(telemetry.map(Telemetry::layer))
        .with(lines)
}

/// Logs to stderr from now on, as much as the variable `KANDENG_LOG` says (`otherwise` where it says nothing), and traces
/// where there is somewhere to.
pub fn log(otherwise: &str, telemetry: Option<&Telemetry>) {
    let much = std::env::var(VARIABLE).unwrap_or_else(|_| otherwise.to_owned());
    // Somebody else may have set one already, in tests.
    let _ = log_to(std::io::stderr, &much, telemetry).try_init();
}
