//! `[server]`, `[metrics]` and `[telemetry]`: where pages are served, how browsers reach them, and where it is told how
//! the server does.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::NodeError;
use super::section::Section;

/// The most connections at a time, unless settings say otherwise.
const CONNECTIONS: usize = 1_024;

/// Where pages are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAt {
    /// The address that is listened on.
    pub address: SocketAddr,
    /// The names that browsers know it by, such as `kandeng.example.gov.cn`; requests for others are refused.
    pub hosts: Vec<String>,
    /// The one of them that passkeys are bound to; the first where it is not said. Those of another end with a change.
    pub passkeys: Option<String>,
    /// The certificate (PEM) and its key, where TLS is spoken here.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whether another server stands before this one, speaks TLS for it, and says in `X-Forwarded-For` who asks.
    pub behind_tls: bool,
    /// The most connections at a time.
    pub connections: usize,
}

impl Default for ServerAt {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8_080)),
            hosts: Vec::new(),
            passkeys: None,
            tls: None,
            behind_tls: false,
            connections: CONNECTIONS,
        }
    }
}

impl ServerAt {
    pub(super) fn read(section: Option<Section<'_>>) -> Result<Self, NodeError> {
        let Some(mut section) = section else {
            return Ok(Self::default());
        };
        let mut server = Self::default();
        if let Some(address) = address(&mut section)? {
            server.address = address;
        }
        if let Some(port) = section.number("port")? {
            let port = u16::try_from(port).map_err(|_| {
                section.wrong("port", "port 应为 0 至 65535", "port is from 0 to 65535")
            })?;
            server.address.set_port(port);
        }
        if let Some(hosts) = section.text("hosts")? {
            server.hosts = hosts.split_whitespace().map(str::to_lowercase).collect();
            let wrong = server
                .hosts
                .iter()
                .find(|host| host.contains(['/', '@', ',']));
            if let Some(host) = wrong {
                return Err(section.wrong(
                    "hosts",
                    &format!("{host} 不是主机名;多个主机名以空格分开"),
                    &format!("{host} is no host name; several stand with spaces between"),
                ));
            }
        }
        if let Some(name) = section.text("passkeys")? {
            let name = name.to_lowercase();
            if !server.hosts.contains(&name) {
                return Err(section.wrong(
                    "passkeys",
                    &format!("passkeys 应为 hosts 中的一个主机名,{name} 不在其中"),
                    &format!("passkeys is one of the names in hosts, and {name} is none of them"),
                ));
            }
            server.passkeys = Some(name);
        }
        server.tls = match (section.text("certificate")?, section.text("key")?) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => {
                return Err(section.wrong(
                    "certificate",
                    "certificate 与 key 应同时给出",
                    "certificate and key are given together",
                ));
            }
        };
        server.behind_tls = section.yes("behind_tls")?;
        if let Some(connections) = section.number("connections")? {
            server.connections = usize::try_from(connections)
                .ok()
                .filter(|connections| (1..=1_000_000).contains(connections))
                .ok_or_else(|| {
                    section.wrong(
                        "connections",
                        "connections 应为 1 至 1000000",
                        "connections is from 1 to 1000000",
                    )
                })?;
        }
        // A cookie that says who somebody is does not cross a network in clear; browsers would not send it.
        if !server.address.ip().is_loopback() && server.tls.is_none() && !server.behind_tls {
            return Err(section.wrong(
                "address",
                "除本机地址外,须有证书(certificate 与 key),或由前置服务器提供 TLS(behind_tls = true)",
                "beyond this machine there must be a certificate (certificate and key), or a server in front that speaks TLS (behind_tls = true)",
            ));
        }
        section.end()?;
        Ok(server)
    }

    /// The settings as a section of the file; nothing where all is as it would be without.
    pub(super) fn text(&self, quoted: fn(&str) -> String) -> String {
        let default = Self::default();
        if *self == default {
            return String::new();
        }
        let mut text = format!("\n[server]\naddress = \"{}\"\n", self.address);
        if !self.hosts.is_empty() {
            text.push_str(&format!("hosts = {}\n", quoted(&self.hosts.join(" "))));
        }
        if let Some(name) = &self.passkeys {
            text.push_str(&format!("passkeys = {}\n", quoted(name)));
        }
        if let Some((certificate, key)) = &self.tls {
            text.push_str(&format!(
                "certificate = {}\nkey = {}\n",
                quoted(&certificate.to_string_lossy()),
                quoted(&key.to_string_lossy())
            ));
        }
        if self.behind_tls {
            text.push_str("behind_tls = true\n");
        }
        if self.connections != default.connections {
            text.push_str(&format!("connections = {}\n", self.connections));
        }
        text
    }
}

fn address(section: &mut Section<'_>) -> Result<Option<SocketAddr>, NodeError> {
    let Some(address) = section.text("address")? else {
        return Ok(None);
    };
    let parsed = address.parse().map_err(|_| {
        section.wrong(
            "address",
            &format!("{address} 不是“地址:端口”,如 127.0.0.1:8080、[::1]:8080"),
            &format!("{address} is no address and port, such as 127.0.0.1:8080 or [::1]:8080"),
        )
    })?;
    Ok(Some(parsed))
}

/// Where it is told how the server does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchAt {
    /// The address that metrics are given at, in Prometheus' format, to whoever asks: keep it inside.
    pub metrics: Option<SocketAddr>,
    /// Where traces go, by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`.
    pub traces: Option<String>,
    /// Of how many requests one is traced.
    pub one_in: u32,
}

impl WatchAt {
    pub(super) fn read(
        metrics: Option<Section<'_>>,
        telemetry: Option<Section<'_>>,
    ) -> Result<Self, NodeError> {
        let mut watch = Self::default();
        if let Some(mut section) = metrics {
            watch.metrics = address(&mut section)?;
            section.end()?;
        }
        let Some(mut section) = telemetry else {
            return Ok(watch);
        };
        watch.traces = section.text("endpoint")?;
        let wrong = watch
            .traces
            .as_ref()
            .filter(|url| !url.starts_with("http://") && !url.starts_with("https://"));
        if let Some(url) = wrong {
            return Err(section.wrong(
                "endpoint",
                &format!("{url} 不是 http:// 或 https:// 开头的地址"),
                &format!("{url} is no address that begins with http:// or https://"),
            ));
        }
        if let Some(one_in) = section.number("one_in")? {
            watch.one_in = u32::try_from(one_in)
                .ok()
                .filter(|one_in| *one_in > 0)
                .ok_or_else(|| {
                    section.wrong(
                        "one_in",
                        "one_in 应为正整数:每这么多个请求记录一个",
                        "one_in is a whole number from 1: of so many requests one is traced",
                    )
                })?;
        }
        section.end()?;
        Ok(watch)
    }

    /// The settings as sections of the file; nothing where all is as it would be without.
    pub(super) fn text(&self, quoted: fn(&str) -> String) -> String {
        let mut text = String::new();
        if let Some(address) = self.metrics {
            text.push_str(&format!("\n[metrics]\naddress = \"{address}\"\n"));
        }
        if let Some(traces) = &self.traces {
            text.push_str(&format!("\n[telemetry]\nendpoint = {}\n", quoted(traces)));
            if self.one_in > 0 {
                text.push_str(&format!("one_in = {}\n", self.one_in));
            }
        }
        text
    }
}
