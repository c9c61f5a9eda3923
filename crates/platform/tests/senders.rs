//! Senders against servers of the tests' own: what arrives, what is tried again, what is given up, and that
//! no secret leaves by the back door.

#![allow(clippy::unwrap_used)]

#[path = "support/http.rs"]
#[allow(dead_code)]
mod http;
#[path = "support/smtp.rs"]
mod smtp;
#[path = "support/tls.rs"]
mod tls;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Reply;
use jiff::{SignedDuration, Timestamp};
use kandeng_platform::notice::senders::{Channels, Surroundings};
use kandeng_platform::notice::{Letter, SendError, Sender};
use kandeng_platform::{SetClock, Text};
use sha2::Sha256;
use smtp::Manners;
use uuid::Uuid;

const KEY: &str = "notice/01890a5d-ac96-774b-bcce-b302099a8057";

fn now() -> Timestamp {
    "2026-06-30T08:00:00.250Z".parse().unwrap()
}

fn letter() -> Letter {
    Letter {
        to: Uuid::from_u128(9),
        channel: "duty".to_owned(),
        subject: Text::new("办件催办", "A case: urge"),
        body: Text::new("有办件逾期未复,请处理", "a case has had no answer in time"),
    }
}

struct House(tempfile::TempDir);

impl House {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn try_open(&self, settings: &str) -> Result<Arc<dyn Sender>, String> {
        let around = Surroundings {
            folder: self.path(),
            clock: Arc::new(SetClock::at(now())),
        };
        let text = format!("[duty]\n{settings}");
        let channels = Channels::parse(&text).map_err(|error| error.to_string())?;
        let mut senders = channels.open(&around).map_err(|error| error.to_string())?;
        Ok(senders.remove("duty").unwrap())
    }

    fn open(&self, settings: &str) -> Arc<dyn Sender> {
        self.try_open(settings).unwrap()
    }

    fn robot(&self, kind: &str, url: &str, secret: bool) -> Arc<dyn Sender> {
        self.secret("url", url);
        self.secret("secret", "SECa1b2c3");
        let secret = if secret {
            "secret = { file = \"secret\" }"
        } else {
            ""
        };
        self.open(&format!(
            "kind = \"{kind}\"\nurl = {{ file = \"url\" }}\ntimeout_seconds = 1\n{secret}"
        ))
    }

    fn webhook(&self, url: &str) -> Arc<dyn Sender> {
        self.secret(
            "secret",
            &format!("whsec_{}", BASE64_STANDARD.encode([7; 32])),
        );
        self.open(&format!(
            "kind = \"webhook\"\nurl = \"{url}\"\nsecret = {{ file = \"secret\" }}\ntimeout_seconds = 1"
        ))
    }

    fn email(&self, port: u16, more: &str) -> Arc<dyn Sender> {
        self.secret(
            "addresses.toml",
            &format!("{} = \"wang@county.example\"", Uuid::from_u128(9)),
        );
        self.secret("password", "secret\n");
        let authority =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates/authority.pem");
        self.open(&format!(
            "kind = \"email\"\nserver = \"localhost\"\nport = {port}\nfrom = \"看灯 <kandeng@county.example>\"\n\
             addresses = \"addresses.toml\"\nauthority = \"{}\"\ntimeout_seconds = 1\n{more}",
            authority.display()
        ))
    }
}

fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut hash = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hash.update(message);
    BASE64_STANDARD.encode(hash.finalize().into_bytes())
}

fn sent(sender: &Arc<dyn Sender>) -> Result<(), SendError> {
    sender.send(KEY, &letter())
}

/// As a receiver does that has the secret.
fn accepts(request: &http::Request, key: &[u8]) -> bool {
    let signed = format!(
        "{}.{}.{}",
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
        request.body
    );
    request.header("webhook-signature") == format!("v1,{}", hmac(key, signed.as_bytes()))
}

#[test]
fn a_webhook_is_signed_and_carries_the_same_id_every_time() {
    let house = House::new();
    let server = http::Server::start(|_| Reply::json(""));
    let sender = house.webhook(&server.url("/hook?a=b"));
    sent(&sender).unwrap();
    sent(&sender).unwrap();
    let (first, second) = (server.next(), server.next());
    assert_eq!(first.target, "/hook?a=b");
    assert!(accepts(&first, &[7; 32]));
    assert_eq!(first.header("webhook-id"), KEY);
    assert_eq!(second.header("webhook-id"), KEY);
    assert_eq!(first.header("webhook-timestamp"), "1782806400");
    let body: serde_json::Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(body["type"], "notice");
    assert_eq!(body["data"]["subject"]["zh"], "办件催办");
    assert_eq!(body["data"]["to"], Uuid::from_u128(9).to_string());
}

#[test]
fn a_receiver_that_finds_the_signature_wrong_refuses_and_it_is_not_tried_again() {
    let house = House::new();
    // The receiver has another secret.
    let server = http::Server::start(|request| {
        let status = if accepts(request, &[8; 32]) { 200 } else { 401 };
        Reply::Whole(status, Vec::new(), String::new())
    });
    let error = sent(&house.webhook(&server.url("/"))).unwrap_err();
    assert!(error.for_good);
    assert_eq!(error.problem.en, "the other side refuses it (HTTP 401)");
}

#[test]
fn a_webhook_is_tried_again_when_the_other_side_is_busy_away_or_slow() {
    let house = House::new();
    let replies = [
        (429, Some("120"), 120),
        (503, Some("Tue, 30 Jun 2026 08:01:00 GMT"), 59),
        (500, None, 0),
        (408, None, 0),
    ];
    for (status, after, seconds) in replies {
        let server = http::Server::start(move |_| {
            let headers = after.map(|after| ("retry-after", after.to_owned()));
            Reply::Whole(status, headers.into_iter().collect(), String::new())
        });
        let error = sent(&house.webhook(&server.url("/"))).unwrap_err();
        assert!(!error.for_good, "{status}");
        assert_eq!(
            error.after.unwrap_or_default().as_secs(),
            seconds,
            "{status}"
        );
    }
    let slow = http::Server::start(|_| Reply::Never);
    let error = sent(&house.webhook(&slow.url("/"))).unwrap_err();
    assert!(
        !error.for_good && error.problem.en.ends_with("in time"),
        "{error}"
    );
    let gone = http::Server::start(|_| Reply::Gone);
    assert!(!sent(&house.webhook(&gone.url("/"))).unwrap_err().for_good);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    assert!(!sent(&house.webhook(&url)).unwrap_err().for_good);
}

#[test]
fn a_webhook_over_https_is_told_only_to_who_has_a_certificate_that_is_trusted() {
    let house = House::new();
    let server = http::Server::start_with(tls::encrypt, |_| Reply::json(""));
    house.secret("secret", &BASE64_STANDARD.encode([7; 32]));
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates/authority.pem");
    let settings = format!(
        "kind = \"webhook\"\nurl = \"https://localhost:{}/\"\nsecret = {{ file = \"secret\" }}\ntimeout_seconds = 5",
        server.port()
    );
    let stranger = sent(&house.open(&settings)).unwrap_err();
    assert!(
        !stranger.for_good && stranger.problem.en.contains("certificate"),
        "{stranger}"
    );
    let trusted = format!("{settings}\nauthority = \"{}\"", authority.display());
    sent(&house.open(&trusted)).unwrap();
    assert!(accepts(&server.next(), &[7; 32]));
}

#[test]
fn a_redirect_is_not_followed() {
    let house = House::new();
    let elsewhere = http::Server::start(|_| Reply::json(""));
    let to = elsewhere.url("/");
    let server = http::Server::start(move |_| {
        Reply::Whole(307, vec![("location", to.clone())], String::new())
    });
    let error = sent(&house.webhook(&server.url("/"))).unwrap_err();
    assert!(error.for_good && error.problem.en.contains("elsewhere"));
    assert!(elsewhere.requests.try_recv().is_err(), "it was followed");
}

#[test]
fn a_wecom_robot_gets_a_text_and_its_codes_are_read() {
    let house = House::new();
    let server = http::Server::start(|_| Reply::json("{\"errcode\":0,\"errmsg\":\"ok\"}"));
    let sender = house.robot(
        "wecom",
        &server.url("/cgi-bin/webhook/send?key=693a91f6"),
        false,
    );
    sent(&sender).unwrap();
    let request = server.next();
    assert_eq!(request.target, "/cgi-bin/webhook/send?key=693a91f6");
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["msgtype"], "text");
    assert_eq!(
        body["text"]["content"],
        "办件催办\n有办件逾期未复,请处理\n(编号 099a8057)"
    );
    let answer = |text: &'static str| {
        let server = http::Server::start(move |_| Reply::json(text));
        sent(&house.robot("wecom", &server.url("/"), false)).unwrap_err()
    };
    let often = answer("{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}");
    assert!(!often.for_good);
    assert_eq!(often.after, Some(SignedDuration::from_secs(60)));
    assert!(!answer("{\"errcode\":-1,\"errmsg\":\"system busy\"}").for_good);
    let wrong = answer("{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}");
    assert!(wrong.for_good);
    assert_eq!(wrong.problem.en, "the robot refuses it (code 93000)");
}

#[test]
fn a_robot_whose_answer_breaks_off_is_told_again_rather_than_not_at_all() {
    let house = House::new();
    for kind in ["wecom", "dingtalk", "feishu"] {
        let server = http::Server::start(|_| Reply::Cut("{\"errcode\":0".to_owned()));
        let error = sent(&house.robot(kind, &server.url("/"), false)).unwrap_err();
        assert!(
            !error.for_good && error.problem.en.contains("complete"),
            "{kind}: {error}"
        );
        let server = http::Server::start(|_| Reply::json(&"x".repeat(100_000)));
        assert!(
            !sent(&house.robot(kind, &server.url("/"), false))
                .unwrap_err()
                .for_good
        );
        let server = http::Server::start(|_| Reply::Never);
        assert!(
            !sent(&house.robot(kind, &server.url("/"), false))
                .unwrap_err()
                .for_good
        );
    }
}

#[test]
fn a_dingtalk_robot_is_signed_in_its_address() {
    let house = House::new();
    let server = http::Server::start(|request| {
        // As the vendor does: the signature is taken from the query, decoded, and compared.
        let sign = request.target.split("sign=").nth(1).unwrap_or_default();
        let sign = sign
            .replace("%2B", "+")
            .replace("%2F", "/")
            .replace("%3D", "=");
        let good = hmac(b"SECa1b2c3", b"1782806400250\nSECa1b2c3");
        Reply::json(
            if sign == good && request.target.contains("&timestamp=1782806400250&") {
                "{\"errcode\":0,\"errmsg\":\"ok\"}"
            } else {
                "{\"errcode\":310000,\"errmsg\":\"sign not match\"}"
            },
        )
    });
    let url = server.url("/robot/send?access_token=566cc69d");
    sent(&house.robot("dingtalk", &url, true)).unwrap();
    assert!(server.next().body.contains("\"msgtype\":\"text\""));
    let error = sent(&house.robot("dingtalk", &url, false)).unwrap_err();
    assert!(error.for_good && error.problem.en.contains("310000"));
    let often =
        http::Server::start(|_| Reply::json("{\"errcode\":130101,\"errmsg\":\"send too fast\"}"));
    let error = sent(&house.robot("dingtalk", &often.url("/?access_token=x"), true)).unwrap_err();
    assert_eq!(error.after, Some(SignedDuration::from_mins(10)));
}

#[test]
fn a_feishu_robot_is_signed_in_its_body() {
    let house = House::new();
    let server = http::Server::start(|request| {
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let good = hmac(b"1782806400\nSECa1b2c3", b"");
        Reply::json(
            if body["sign"] == good.as_str() && body["timestamp"] == "1782806400" {
                "{\"code\":0,\"msg\":\"success\",\"data\":{}}"
            } else {
                "{\"code\":19021,\"msg\":\"sign match fail or timestamp is not within one hour from current time\"}"
            },
        )
    });
    sent(&house.robot("feishu", &server.url("/open-apis/bot/v2/hook/x"), true)).unwrap();
    let body: serde_json::Value = serde_json::from_str(&server.next().body).unwrap();
    assert_eq!(body["msg_type"], "text");
    assert!(
        body["content"]["text"]
            .as_str()
            .unwrap()
            .starts_with("办件催办\n")
    );
    assert!(
        sent(&house.robot("feishu", &server.url("/"), false))
            .unwrap_err()
            .for_good
    );
    // The gateway says so with a status of its own.
    let often = http::Server::start(|_| {
        let headers = vec![("x-ogw-ratelimit-reset", "52".to_owned())];
        Reply::Whole(
            400,
            headers,
            "{\"code\":99991400,\"msg\":\"request trigger frequency limit\"}".to_owned(),
        )
    });
    let error = sent(&house.robot("feishu", &often.url("/"), true)).unwrap_err();
    assert_eq!(
        (error.for_good, error.after),
        (false, Some(SignedDuration::from_secs(52)))
    );
    let old =
        http::Server::start(|_| Reply::json("{\"StatusCode\":0,\"StatusMessage\":\"success\"}"));
    sent(&house.robot("feishu", &old.url("/"), true)).unwrap();
}

#[test]
fn mail_goes_encrypted_with_the_same_message_id_every_time() {
    let house = House::new();
    for (manners, security) in [
        (
            Manners {
                starttls: true,
                login: true,
                ..Manners::default()
            },
            "starttls",
        ),
        (
            Manners {
                wrapped: true,
                login: true,
                ..Manners::default()
            },
            "tls",
        ),
    ] {
        let server = smtp::Server::start(manners);
        let more = format!(
            "security = \"{security}\"\nuser = \"kandeng\"\npassword = {{ file = \"password\" }}"
        );
        let sender = house.email(server.port, &more);
        sent(&sender).unwrap();
        sent(&sender).unwrap();
        let (first, second) = (server.next(), server.next());
        assert!(first.encrypted && second.encrypted);
        assert!(first.from.contains("<kandeng@county.example>"));
        assert!(first.to.contains("<wang@county.example>"));
        let id = "Message-ID: <01890a5d-ac96-774b-bcce-b302099a8057@county.example>";
        for mail in [first, second] {
            assert!(mail.text.contains(id), "{}", mail.text);
            assert!(mail.text.contains("Auto-Submitted: auto-generated"));
            assert!(mail.text.contains("Date: Tue, 30 Jun 2026 08:00:00 +0000"));
        }
    }
}

#[test]
fn mail_is_not_sent_in_clear_to_another_machine_nor_to_one_that_drops_encryption() {
    let house = House::new();
    let far = "kind = \"email\"\nserver = \"mail.county.example\"\nsecurity = \"plain\"\n\
               from = \"a@b.example\"\naddresses = \"a.toml\"";
    let refused = house.try_open(far).err().unwrap();
    assert!(refused.contains("must be tls or starttls"), "{refused}");
    // A server, or somebody on the way, that offers no STARTTLS.
    let server = smtp::Server::start(Manners::default());
    let error = sent(&house.email(server.port, "security = \"starttls\"")).unwrap_err();
    assert!(!error.for_good);
    assert!(server.mails.try_recv().is_err(), "it went in clear");
    // A certificate that nobody vouches for.
    let server = smtp::Server::start(Manners {
        wrapped: true,
        ..Manners::default()
    });
    house.secret(
        "addresses.toml",
        &format!("{} = \"wang@county.example\"", Uuid::from_u128(9)),
    );
    let sender = house.open(&format!(
        "kind = \"email\"\nserver = \"localhost\"\nport = {}\nsecurity = \"tls\"\nfrom = \"a@b.example\"\n\
         addresses = \"addresses.toml\"",
        server.port
    ));
    assert!(!sent(&sender).unwrap_err().for_good);
    assert!(server.mails.try_recv().is_err());
    // On this machine it may.
    let server = smtp::Server::start(Manners::default());
    sent(&house.email(server.port, "security = \"plain\"")).unwrap();
    assert!(!server.next().encrypted);
}

#[test]
fn what_a_mail_server_says_is_kept_as_a_code_without_the_address() {
    let house = House::new();
    let with = |recipient| {
        let server = smtp::Server::start(Manners {
            recipient: Some(recipient),
            ..Manners::default()
        });
        sent(&house.email(server.port, "security = \"plain\"")).unwrap_err()
    };
    let gone = with("550 5.1.1 <wang@county.example> unknown");
    assert!(gone.for_good);
    assert_eq!(
        gone.problem,
        Text::new("邮件服务器答复 550", "the mail server answers 550")
    );
    let later = with("451 4.7.1 <wang@county.example> greylisted");
    assert!(!later.for_good);
    assert!(later.problem.en.ends_with("451"));
    // It got the letter and broke off: sent again rather than lost.
    let server = smtp::Server::start(Manners {
        cut: true,
        ..Manners::default()
    });
    assert!(
        !sent(&house.email(server.port, "security = \"plain\""))
            .unwrap_err()
            .for_good
    );
    let silent = smtp::Server::start(Manners {
        silent: true,
        ..Manners::default()
    });
    let error = sent(&house.email(silent.port, "security = \"plain\"")).unwrap_err();
    assert!(
        !error.for_good && error.problem.en.ends_with("in time"),
        "{error}"
    );
}

#[test]
fn who_has_no_address_is_given_up_at_once_and_a_new_address_counts_at_once() {
    let house = House::new();
    let server = smtp::Server::start(Manners::default());
    let sender = house.email(server.port, "security = \"plain\"");
    let stranger = Letter {
        to: Uuid::from_u128(10),
        ..letter()
    };
    assert!(sender.send(KEY, &stranger).unwrap_err().for_good);
    house.secret(
        "addresses.toml",
        &format!("{} = \"li@county.example\"", stranger.to),
    );
    sender.send(KEY, &stranger).unwrap();
    assert!(server.next().to.contains("li@county.example"));
}

#[test]
fn the_log_has_a_line_for_each_notice_and_none_that_a_crash_broke() {
    let house = House::new();
    let path = house.path().join("notices.jsonl");
    let sender = house.open("kind = \"log\"\nfile = \"notices.jsonl\"");
    sent(&sender).unwrap();
    // As a crash leaves it.
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], &whole[..40]].concat()).unwrap();
    sent(&sender).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(serde_json::from_str::<serde_json::Value>(lines[1]).is_err());
    for line in [lines[0], lines[2]] {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["id"], KEY);
        assert_eq!(line["at"], "2026-06-30T08:00:00.25Z");
        assert_eq!(line["subject"]["en"], "A case: urge");
    }
    let unwritable = house.open("kind = \"log\"\nfile = \"no/such/folder/x\"");
    assert!(!sent(&unwritable).unwrap_err().for_good);
}

#[test]
fn no_secret_and_no_address_stands_in_any_error_or_debug_text() {
    let house = House::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?key=hush-hush", nobody.local_addr().unwrap());
    drop(nobody);
    let mut texts = Vec::new();
    for kind in ["wecom", "dingtalk", "feishu"] {
        texts.push(format!(
            "{:?}",
            sent(&house.robot(kind, &url, kind != "wecom")).unwrap_err()
        ));
    }
    texts.push(format!("{:?}", sent(&house.webhook(&url)).unwrap_err()));
    house.secret("url", "no address, hush-hush");
    texts.push(
        house
            .try_open("kind = \"wecom\"\nurl = { file = \"url\" }")
            .err()
            .unwrap(),
    );
    house.secret("url", "http://far.example/?key=hush-hush");
    texts.push(
        house
            .try_open("kind = \"wecom\"\nurl = { file = \"url\" }")
            .err()
            .unwrap(),
    );
    let channels = Channels::parse("[a]\nkind = \"wecom\"\nurl = { file = \"url\" }").unwrap();
    texts.push(format!("{channels:?}"));
    texts.push(format!(
        "{:?}",
        kandeng_platform::notice::senders::Secret::new("hush-hush")
    ));
    for text in texts {
        for hidden in ["hush-hush", "SECa1b2c3", "127.0.0.1", "far.example"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}

#[test]
fn a_secret_that_others_may_read_or_that_is_not_there_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    house.secret("url", "https://x.example/");
    let settings = "kind = \"wecom\"\nurl = { file = \"url\" }";
    house.open(settings);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(house.path().join("url"), open).unwrap();
    assert!(
        house
            .try_open(settings)
            .err()
            .unwrap()
            .contains("chmod 600")
    );
    house.secret("url", " \n");
    assert!(house.try_open(settings).err().unwrap().contains("empty"));
    let unset = "kind = \"wecom\"\nurl = { env = \"KANDENG_NEVER_SET\" }";
    assert!(
        house
            .try_open(unset)
            .err()
            .unwrap()
            .contains("KANDENG_NEVER_SET")
    );
}
