//! One POST out of the house: where to, within which time, and what its status means. What an answer says
//! beyond that is its sender's business.
//!
//! Errors name neither address nor contents: they stand in the ledger.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

use super::ChannelError;
use crate::notice::SendError;

/// How long the whole exchange may take: a quarter of a notice's lease.
const TIMEOUT_SECONDS: u64 = 30;
/// The longest that may be set.
const LONGEST_SECONDS: u64 = 60;
/// The most of an answer that is read.
const MOST_ANSWER: u64 = 64 * 1024;
/// The longest pause that another side may ask for.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// Posts to one address.
pub(super) struct Client {
    agent: Agent,
    address: String,
}

/// What came back.
pub(super) struct Answer {
    status: u16,
    after: Option<SignedDuration>,
    /// The body; nothing when it broke off or is too long.
    pub body: Option<Vec<u8>>,
}

impl Client {
    /// For `address`: HTTPS, or plain HTTP to this machine. `authority` is a certificate to trust instead of
    /// the public ones, as a house of its own has.
    pub(super) fn new(
        address: &str,
        folder: &Path,
        authority: Option<&PathBuf>,
        timeout_seconds: Option<u64>,
    ) -> Result<Self, ChannelError> {
        let encrypted = check(address)?;
        let timeout = timeout_seconds
            .unwrap_or(TIMEOUT_SECONDS)
            .clamp(1, LONGEST_SECONDS);
        let mut tls = TlsConfig::builder();
        if let Some(path) = authority {
            tls = tls.root_certs(RootCerts::new_with_certs(&[certificate(
                &folder.join(path),
            )?]));
        }
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(timeout)))
            .max_response_header_size(16 * 1024)
            .user_agent("kandeng")
            // What is not encrypted goes to this machine and nowhere else.
            .proxy(encrypted.then(Proxy::try_from_env).flatten())
            .tls_config(tls.build())
            .build();
        Ok(Self {
            agent: config.new_agent(),
            address: address.to_owned(),
        })
    }

    /// Posts JSON and gives what came back.
    pub(super) fn post(
        &self,
        query: &[(&str, String)],
        headers: &[(&str, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Answer, SendError> {
        let mut request = self
            .agent
            .post(&self.address)
            .header("content-type", "application/json; charset=utf-8");
        for (name, value) in query {
            request = request.query(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send(body).map_err(|error| failed(&error))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().ok()?.trim().to_owned())
        };
        let after = header("retry-after")
            .and_then(|value| pause(&value, now))
            .or_else(|| header("x-ogw-ratelimit-reset").and_then(|value| pause(&value, now)));
        Ok(Answer {
            status: response.status().as_u16(),
            after,
            body: response
                .body_mut()
                .with_config()
                .limit(MOST_ANSWER)
                .read_to_vec()
                .ok(),
        })
    }
}

impl Answer {
    /// Whether the status says that it was taken.
    pub(super) fn taken(&self) -> Result<(), SendError> {
        let status = self.status;
        let again = SendError::again(
            format!("对方暂不受理(HTTP {status})"),
            format!("the other side does not take it now (HTTP {status})"),
        );
        match status {
            200..=299 => Ok(()),
            408 | 425 | 429 | 500..=599 => Err(again.after(self.after)),
            300..=399 => Err(SendError::for_good(
                format!("对方要求转往他处(HTTP {status}),不予跟随"),
                format!("the other side points elsewhere (HTTP {status}), which is not followed"),
            )),
            _ => Err(SendError::for_good(
                format!("对方拒收(HTTP {status})"),
                format!("the other side refuses it (HTTP {status})"),
            )),
        }
    }

    /// The pause that the other side asks for.
    pub(super) fn after(&self) -> Option<SignedDuration> {
        self.after
    }
}

fn failed(error: &ureq::Error) -> SendError {
    let untrusted = || {
        SendError::again(
            "对方的证书不可信,或加密连接失败",
            "the other side's certificate is not trusted, or encryption failed",
        )
    };
    match error {
        ureq::Error::Timeout(_) => {
            SendError::again("对方没有及时答复", "the other side did not answer in time")
        }
        ureq::Error::HostNotFound => {
            SendError::again("找不到对方主机", "the other side's host is not found")
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => untrusted(),
        // So a handshake that fails comes out of the connection.
        ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => untrusted(),
        ureq::Error::Io(error) => SendError::again(
            format!("连接失败:{}", error.kind()),
            format!("the connection failed: {}", error.kind()),
        ),
        _ => SendError::again("连接失败", "the connection failed"),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn pause(value: &str, now: Timestamp) -> Option<SignedDuration> {
    let pause = match value.parse::<u32>() {
        Ok(seconds) => SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
            at.duration_since(now)
        }
    };
    Some(pause.clamp(SignedDuration::ZERO, LONGEST_PAUSE))
}

/// Whether the address is encrypted. One that is neither encrypted nor on this machine is refused.
fn check(address: &str) -> Result<bool, ChannelError> {
    let malformed = || ChannelError::new("地址不是网址", "the address is no URL");
    let uri: Uri = address.parse().map_err(|_| malformed())?;
    let authority = uri.authority().ok_or_else(malformed)?;
    if authority.as_str().contains('@') {
        return Err(ChannelError::new(
            "地址里不得写用户名或密码",
            "the address must not hold a user or password",
        ));
    }
    match uri.scheme_str() {
        Some("https") => Ok(true),
        Some("http") if is_this_machine(authority.host()) => Ok(false),
        Some("http") => Err(ChannelError::new(
            "除本机外须用 https",
            "everywhere but on this machine it must be https",
        )),
        _ => Err(malformed()),
    }
}

/// Whether a host can be no other machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The first certificate of a PEM file.
fn certificate(path: &Path) -> Result<Certificate<'static>, ChannelError> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| {
        ChannelError::new(
            format!("读不了 {shown}:{error}"),
            format!("{shown}: {error}"),
        )
    })?;
    Certificate::from_pem(&pem).map_err(|_| {
        ChannelError::new(
            format!("{shown} 不是 PEM 证书"),
            format!("{shown} is no certificate in PEM"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in [
            "http://127.0.0.1:8080/x",
            "http://localhost/x",
            "http://[::1]:1/",
            "https://x.example/?key=1",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "http://x.example/",
            "http://127.0.0.1.example/",
            "https://user:word@x.example/",
            "file:///etc/passwd",
            "x.example",
            "",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_as_a_date() {
        let now: Timestamp = "2026-06-30T08:00:00Z".parse().unwrap();
        assert_eq!(pause("120", now), Some(SignedDuration::from_secs(120)));
        let date = "Tue, 30 Jun 2026 08:01:30 GMT";
        assert_eq!(pause(date, now), Some(SignedDuration::from_secs(90)));
        assert_eq!(
            pause("Tue, 30 Jun 2026 07:00:00 GMT", now),
            Some(SignedDuration::ZERO)
        );
        assert_eq!(pause("99999999", now), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon", now), None);
    }
}
