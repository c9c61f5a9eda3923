//! `[server]`: where pages are served, and how browsers reach them.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::NodeError;
use super::section::Section;

/// Where pages are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAt {
    /// The address that is listened on.
    pub address: SocketAddr,
    /// The certificate (PEM) and its key, where TLS is spoken here.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whether another server stands before this one and speaks TLS for it.
    pub behind_tls: bool,
}

impl Default for ServerAt {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8_080)),
            tls: None,
            behind_tls: false,
        }
    }
}

impl ServerAt {
    pub(super) fn read(section: Option<Section<'_>>) -> Result<Self, NodeError> {
        let Some(mut section) = section else {
            return Ok(Self::default());
        };
        let mut server = Self::default();
        if let Some(address) = section.text("address")? {
            server.address = address.parse().map_err(|_| {
                section.wrong(
                    "address",
                    &format!("{address} 不是“地址:端口”,如 127.0.0.1:8080、[::1]:8080"),
                    &format!(
                        "{address} is no address and port, such as 127.0.0.1:8080 or [::1]:8080"
                    ),
                )
            })?;
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
}
