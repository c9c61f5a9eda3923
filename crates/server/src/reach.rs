//! How browsers reach the server: over TLS or not, through a server in front or not, and by which names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::node::ServerAt;
use kandeng_platform::page::Problem;

/// How browsers reach the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether over TLS, spoken here or in front.
    pub secure: bool,
    /// Whether a server stands in front, and says in `X-Forwarded-For` who asks.
    pub behind: bool,
    /// The names that it is known by, in small letters; any where there is none.
    pub hosts: Vec<String>,
    /// The one of them that passkeys are bound to, where settings name one.
    pub passkeys: Option<String>,
}

impl Reach {
    /// As settings have it. On this machine alone it is known by this machine's names, so that no page from elsewhere
    /// reaches it by a name of its own that leads here.
    pub fn of(server: &ServerAt) -> Self {
        let alone = server.address.ip().is_loopback() && !server.behind_tls;
        let hosts = if server.hosts.is_empty() && alone {
            ["localhost", "127.0.0.1", "[::1]"]
                .map(str::to_owned)
                .to_vec()
        } else {
            server.hosts.clone()
        };
        Self {
            secure: server.tls.is_some() || server.behind_tls,
            behind: server.behind_tls,
            hosts,
            passkeys: server.passkeys.clone(),
        }
    }

    /// The domain that passkeys are bound to, and whether it is reached without TLS: the one that settings name, else the
    /// first of the names, or on this machine alone `localhost`, which browsers trust as it is. Addresses are no domains.
    pub(crate) fn party(&self) -> Option<(&str, bool)> {
        let mut hosts = self.hosts.iter();
        if self.secure {
            let host = self.passkeys.as_ref().or_else(|| hosts.next());
            return host.map(|host| (host.as_str(), false));
        }
        let local = hosts.find(|host| *host == "localhost")?;
        Some((local, true))
    }

    /// Whether the server is known by that name.
    fn knows(&self, host: &str) -> bool {
        let name = name_in(host);
        self.hosts.is_empty() || self.hosts.contains(&name)
    }

    /// The address of whoever asks, without the port: who opens many connections is one.
    pub(crate) fn address(&self, request: &Request) -> String {
        if self.behind {
            // The last is what the server in front saw; those before it are what it was told.
            let told = request
                .headers()
                .get_all("x-forwarded-for")
                .iter()
                .next_back();
            let last = told
                .and_then(|told| told.to_str().ok())
                .and_then(|told| told.rsplit(',').next());
            if let Some(last) = last {
                let last = last.trim();
                return last.parse().map_or_else(|_| last.to_owned(), of_one);
            }
        }
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        from.map_or_else(String::new, |ConnectInfo(from)| of_one(from.ip()))
    }
}

/// What one subscriber has: an address of version 4, or all of version 6 that begin with the same 64 bits, since whoever
/// has one of these has the others too.
fn of_one(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let network = u128::from(six) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
        four @ IpAddr::V4(_) => four.to_string(),
    }
}

/// The name without the port, in small letters.
pub(crate) fn name_in(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    match host.rsplit_once(':') {
        // An address of version 6 has colons of its own, within brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => host,
    }
}

/// The name that a request is for.
pub(crate) fn host(headers: &HeaderMap, address: &Uri) -> String {
    let named = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(str::to_owned);
    // HTTP/2 says it in the address.
    let host = address.authority().map(ToString::to_string).or(named);
    host.unwrap_or_default()
}

/// Refuses requests for other names. Whoever looks whether we live may use any.
pub(crate) async fn known(State(reach): State<Reach>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asks_for_life = ["/healthz", "/readyz"].contains(&parts.uri.path());
    if asks_for_life || reach.knows(&host(&parts.headers, &parts.uri)) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    Problem::elsewhere().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_one_however_many_addresses_of_version_6_they_have() {
        for (address, one) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(of_one(address.parse().unwrap()), one);
        }
    }

    #[test]
    fn names_are_compared_without_port_and_capitals() {
        let reach = Reach {
            hosts: vec!["kandeng.example".to_owned(), "[::1]".to_owned()],
            ..Reach::default()
        };
        for (host, known) in [
            ("kandeng.example", true),
            ("Kandeng.Example:8443", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("elsewhere.example", false),
            ("kandeng.example.elsewhere.example", false),
            ("", false),
        ] {
            assert_eq!(reach.knows(host), known, "{host}");
        }
        assert!(Reach::default().knows("anything"));
    }

    #[test]
    fn on_this_machine_alone_it_is_known_by_this_machines_names() {
        let alone = Reach::of(&ServerAt::default());
        assert!(alone.knows("localhost:8080") && alone.knows("127.0.0.1:8080"));
        assert!(!alone.knows("elsewhere.example:8080"));
        let behind = Reach::of(&ServerAt {
            behind_tls: true,
            ..ServerAt::default()
        });
        assert!(behind.secure && behind.knows("kandeng.example"));
    }

    #[test]
    fn passkeys_are_bound_to_the_first_name_over_tls_and_to_localhost_alone() {
        let over_tls = |hosts: &[&str]| Reach {
            secure: true,
            behind: false,
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            passkeys: None,
        };
        let two = over_tls(&["kandeng.example", "lamp.example"]);
        assert_eq!(two.party(), Some(("kandeng.example", false)));
        let named = Reach {
            passkeys: Some("lamp.example".to_owned()),
            ..two.clone()
        };
        assert_eq!(named.party(), Some(("lamp.example", false)));
        assert_eq!(over_tls(&[]).party(), None);
        let alone = Reach::of(&ServerAt::default());
        assert_eq!(alone.party(), Some(("localhost", true)));
        let plain = Reach {
            secure: false,
            ..two
        };
        assert_eq!(plain.party(), None);
    }

    #[test]
    fn who_asks_is_what_the_server_in_front_saw_and_nothing_that_it_was_told() {
        let request = |forwarded: &str| {
            let mut request = Request::new(axum::body::Body::empty());
            let from = ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4_711)));
            request.extensions_mut().insert(from);
            if !forwarded.is_empty() {
                let forwarded = forwarded.parse().unwrap();
                request.headers_mut().insert("x-forwarded-for", forwarded);
            }
            request
        };
        let behind = Reach {
            behind: true,
            ..Reach::default()
        };
        assert_eq!(behind.address(&request("1.1.1.1, 2.2.2.2")), "2.2.2.2");
        assert_eq!(behind.address(&request("")), "10.0.0.1");
        assert_eq!(Reach::default().address(&request("1.1.1.1")), "10.0.0.1");
    }
}
