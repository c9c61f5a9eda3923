//! Traces of requests, sent by OTLP over HTTP where settings say so. A trace holds method, route, status and times; no
//! address, no id of anybody, no query.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::log;

/// How long the collector may take to answer.
const WAIT: Duration = Duration::from_secs(10);

/// Traces that cannot be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint}: {problem}")]
pub struct TelemetryError {
    /// Where to.
    pub endpoint: String,
    /// What is wrong.
    pub problem: String,
}

/// Sends traces until it is stopped.
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Sends one of `one_in` traces (0 counts as 1) to `endpoint`, such as `http://127.0.0.1:4318/v1/traces`.
    ///
    /// # Errors
    /// When the address is none.
    pub fn start(endpoint: &str, one_in: u32) -> Result<Self, TelemetryError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new())
            .with_endpoint(endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(WAIT)
            .build()
            .map_err(|error| TelemetryError {
                endpoint: endpoint.to_owned(),
                problem: error.to_string(),
            })?;
        let resource = Resource::builder_empty()
            .with_service_name("kandeng")
            .build();
        let provider = SdkTracerProvider::builder()
            // From a thread of its own, in batches: a collector that is away costs requests nothing.
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::TraceIdRatioBased(1.0 / f64::from(one_in.max(1))))
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// What the program's log is to be layered with.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("kandeng"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(filter_fn(|of| {
                log::is_ours(of) && *of.level() <= tracing::Level::INFO
            }))
    }

    /// Sends what is left, for 10 s at most. It blocks: not for a thread that answers requests.
    pub fn stop(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(WAIT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// HTTP by the client that notices are sent with.
#[derive(Debug)]
struct Sender(ureq::Agent);

impl Sender {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(WAIT))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self(config.into())
    }
}

#[async_trait]
impl HttpClient for Sender {
    /// Blocks: it is asked by the exporter's own thread alone.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.0.run(request.map(|bytes| bytes.to_vec()))?;
        let (parts, mut body) = response.into_parts();
        let bytes = body.with_config().limit(1 << 20).read_to_vec()?;
        Ok(Response::from_parts(parts, bytes.into()))
    }
}
