//! E-mail by SMTP: over TLS or STARTTLS, in clear to this machine only.
//!
//! Every try of one notice carries the same Message-ID, by which mail programs tell doubles. What a server
//! says goes nowhere but into a code: its words often hold the address.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use serde::Deserialize;
use uuid::Uuid;

use super::http::is_this_machine;
use super::secret::{Source, read_private};
use super::{ChannelError, Surroundings};
use crate::clock::Clock;
use crate::context::Language;
use crate::notice::{Letter, SendError, Sender};

pub(super) const KEYS: &[&str] = &[
    "server",
    "port",
    "security",
    "from",
    "user",
    "password",
    "addresses",
    "language",
    "authority",
    "timeout_seconds",
];

/// Seconds that each step of the conversation may take.
const TIMEOUT_SECONDS: u64 = 10;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    from: String,
    user: Option<String>,
    password: Option<Source>,
    addresses: PathBuf,
    #[serde(default)]
    language: Language,
    authority: Option<PathBuf>,
    timeout_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Security {
    /// Encrypted from the first byte.
    Tls,
    /// Encrypted before anything is said; a server that does not offer it gets nothing.
    #[default]
    StartTls,
    /// In clear, to this machine only.
    Plain,
}

/// Who has which address.
pub trait AddressBook: Send + Sync {
    /// The address of an account; nothing when it has none.
    ///
    /// # Errors
    /// When the book cannot be read.
    fn address(&self, account: Uuid) -> Result<Option<String>, SendError>;
}

/// A TOML file of `account = "address"` that nobody else may read, read anew for every letter.
struct AddressFile(PathBuf);

impl AddressBook for AddressFile {
    fn address(&self, account: Uuid) -> Result<Option<String>, SendError> {
        let unreadable =
            |_| SendError::again("通讯录读不了", "the file of addresses cannot be read");
        let text = read_private(&self.0).map_err(unreadable)?;
        let table = text
            .parse::<toml::Table>()
            .map_err(|_| SendError::again("通讯录不是 TOML", "the file of addresses is no TOML"))?;
        let address = table.get(&account.to_string());
        Ok(address.and_then(toml::Value::as_str).map(str::to_owned))
    }
}

/// Sends by SMTP.
pub struct Email {
    transport: SmtpTransport,
    from: Mailbox,
    book: Arc<dyn AddressBook>,
    language: Language,
    clock: Arc<dyn Clock>,
}

impl Email {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        let from = settings
            .from
            .parse()
            .map_err(|_| ChannelError::new("from 不是邮箱地址", "from is no address"))?;
        Ok(Self {
            transport: transport(settings, around.folder)?,
            from,
            book: Arc::new(AddressFile(around.folder.join(&settings.addresses))),
            language: settings.language,
            clock: Arc::clone(&around.clock),
        })
    }

    /// The same, with addresses from elsewhere.
    #[must_use]
    pub fn with_book(self, book: Arc<dyn AddressBook>) -> Self {
        Self { book, ..self }
    }

    fn message(&self, to: Mailbox, key: &str, letter: &Letter) -> Result<Message, SendError> {
        let id = key.rsplit('/').next().unwrap_or(key);
        let subject = letter.subject.of(self.language);
        // A line break would end the header.
        let subject: String = subject
            .chars()
            .map(|char| if char.is_control() { ' ' } else { char })
            .collect();
        let end = match self.language {
            Language::Zh => format!("(编号 {id})"),
            Language::En => format!("(no. {id})"),
        };
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let millis = self.clock.now().as_millisecond();
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(UNIX_EPOCH + Duration::from_millis(millis.max(0) as u64))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(subject)
            .raw_header(automatic)
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\n\n{end}\n", letter.body.of(self.language)))
            .map_err(|_| SendError::for_good("写不成邮件", "it cannot be written as a mail"))
    }
}

fn transport(settings: &Settings, folder: &Path) -> Result<SmtpTransport, ChannelError> {
    let seconds = settings
        .timeout_seconds
        .unwrap_or(TIMEOUT_SECONDS)
        .clamp(1, 30);
    let mut builder = SmtpTransport::builder_dangerous(&settings.server)
        .timeout(Some(Duration::from_secs(seconds)));
    let default_port = match settings.security {
        Security::Tls => {
            builder = builder.tls(Tls::Wrapper(tls(settings, folder)?));
            465
        }
        Security::StartTls => {
            builder = builder.tls(Tls::Required(tls(settings, folder)?));
            587
        }
        Security::Plain if is_this_machine(&settings.server) => 25,
        Security::Plain => {
            return Err(ChannelError::new(
                "除本机外须用 tls 或 starttls",
                "everywhere but on this machine security must be tls or starttls",
            ));
        }
    };
    builder = builder.port(settings.port.unwrap_or(default_port));
    match (&settings.user, &settings.password) {
        (Some(user), Some(password)) => {
            let password = password.read(folder)?;
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            builder = builder.credentials(credentials);
        }
        (None, None) => {}
        _ => {
            return Err(ChannelError::new(
                "user 与 password 须一并设置",
                "user and password go together",
            ));
        }
    }
    Ok(builder.build())
}

fn tls(settings: &Settings, folder: &Path) -> Result<TlsParameters, ChannelError> {
    let mut builder = TlsParameters::builder(settings.server.clone());
    if let Some(path) = &settings.authority {
        let path = folder.join(path);
        let shown = path.display();
        let pem = std::fs::read(&path).map_err(|error| {
            ChannelError::new(
                format!("读不了 {shown}:{error}"),
                format!("{shown}: {error}"),
            )
        })?;
        let authority = Certificate::from_pem(&pem).map_err(|_| {
            ChannelError::new(
                format!("{shown} 不是 PEM 证书"),
                format!("{shown} is no certificate in PEM"),
            )
        })?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authority);
    }
    builder.build().map_err(|_| {
        ChannelError::new(
            "server 不是主机名,或证书有误",
            "server is no host, or a certificate is wrong",
        )
    })
}

impl Sender for Email {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let Some(address) = self.book.address(letter.to)? else {
            return Err(SendError::for_good(
                "该账号没有邮箱地址",
                "the account has no address",
            ));
        };
        let to: Mailbox = address.parse().map_err(|_| {
            SendError::for_good("该账号的邮箱地址有误", "the account's address is none")
        })?;
        let message = self.message(to, key, letter)?;
        match self.transport.send(&message) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn failed(error: &lettre::transport::smtp::Error) -> SendError {
    if let Some(code) = error.status() {
        let zh = format!("邮件服务器答复 {code}");
        let en = format!("the mail server answers {code}");
        if error.is_permanent() {
            SendError::for_good(zh, en)
        } else {
            SendError::again(zh, en)
        }
    } else if ran_out_of_time(error) {
        SendError::again(
            "邮件服务器没有及时答复",
            "the mail server did not answer in time",
        )
    } else if error.is_tls() {
        SendError::again(
            "邮件服务器的证书不可信,或加密连接失败",
            "the mail server's certificate is not trusted, or encryption failed",
        )
    } else {
        SendError::again(
            "与邮件服务器的连接失败",
            "the connection to the mail server failed",
        )
    }
}

/// A read that waits too long ends in one of two ways, by operating system.
fn ran_out_of_time(error: &lettre::transport::smtp::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        }
        source = inner.source();
    }
    false
}
