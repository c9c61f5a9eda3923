//! How this crate asks others over HTTP: briefly, following nobody elsewhere.

use std::time::Duration;

/// A client that waits no longer than `most` for a whole answer, and that is not sent to another place.
pub(crate) fn agent(most: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(most))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(16 * 1024)
        .user_agent("kandeng")
        .build()
        .new_agent()
}
