//! A site in a temporary folder, and a browser that keeps its cookie.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::SigningKey;
use kandeng_platform::account::{Grant, NewPerson, People, Role, TotpSecret};
use kandeng_platform::authority::Authority;
use kandeng_platform::page::Site;
use kandeng_platform::vault::{MasterKey, Vault};
use kandeng_platform::{
    Clock as _, Context, CountedIds, Language, Parts, Platform, Scene, SetClock, Tables,
};
use kandeng_server::{Metrics, Reach, Server};
use tower::ServiceExt as _;

pub mod disk;

pub const PASSWORD: &str = "早看窗帘晚看灯,一天也不落下";

pub struct House {
    pub clock: Arc<SetClock>,
    pub site: Site,
    pub router: Router,
    pub metrics: Metrics,
    pub declared: Vec<kandeng_platform::page::Declared>,
    _folder: tempfile::TempDir,
}

impl House {
    pub fn new() -> Self {
        Self::with(Vec::new())
    }

    pub fn with(scenes: Vec<Box<dyn Scene>>) -> Self {
        // As browsers reach it: by a name, over TLS.
        let reach = Reach {
            secure: true,
            behind: false,
            hosts: vec!["kandeng.example".to_owned()],
            passkeys: None,
        };
        Self::reached(scenes, reach)
    }

    pub fn reached(scenes: Vec<Box<dyn Scene>>, reach: Reach) -> Self {
        Self::of(Vec::new(), |_, _| scenes, reach)
    }

    /// Without scenes, in a folder below this one.
    pub fn below(folder: &std::path::Path) -> Self {
        let folder = tempfile::tempdir_in(folder).unwrap();
        Self::made(folder, Vec::new(), |_, _| Vec::new(), Reach::default())
    }

    /// With scenes that are made of the site and its vault, and the tables that they fill.
    pub fn of(
        tables: Vec<Box<dyn Tables>>,
        scenes: impl FnOnce(&Site, &Arc<Vault>) -> Vec<Box<dyn Scene>>,
        reach: Reach,
    ) -> Self {
        Self::made(tempfile::tempdir().unwrap(), tables, scenes, reach)
    }

    fn made(
        folder: tempfile::TempDir,
        tables: Vec<Box<dyn Tables>>,
        scenes: impl FnOnce(&Site, &Arc<Vault>) -> Vec<Box<dyn Scene>>,
        reach: Reach,
    ) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Arc::new(SetClock::at(start));
        let platform = Platform::open(Parts {
            database: folder.path().join("kandeng.db"),
            signing: SigningKey::from_secret("ledger.example/99", &[7; 32]).unwrap(),
            naming: [3; 32],
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(CountedIds::default()),
            tables,
            follow_ups: BTreeMap::new(),
            channel: "log".to_owned(),
        })
        .unwrap();
        let keys = folder.path().join("people.db");
        let vault = platform.open_vault(&keys, MasterKey::generate().unwrap());
        let vault = Arc::new(vault.unwrap());
        let people = People::new(platform.clone(), Arc::clone(&vault));
        let site = Site::new(platform, people, Authority::new().unwrap(), "990121");
        let scenes = scenes(&site, &vault);
        let server = Server::new(site.clone(), scenes, reach);
        Self {
            clock,
            declared: server.declared(),
            router: server.router(),
            metrics: server.metrics().clone(),
            site,
            _folder: folder,
        }
    }

    pub fn later(&self, seconds: i64) {
        let later = self.clock.now() + SignedDuration::from_secs(seconds);
        self.clock.set(later);
    }

    pub fn cx(&self) -> Context {
        Context {
            jurisdiction: "990121".to_owned(),
            ..Context::of_the_platform(self.clock.now())
        }
    }

    pub async fn invited(&self, login: &str, role: Role, place: &str) -> String {
        let new = NewPerson {
            name: format!("王{login}"),
            login: login.to_owned(),
            language: Language::Zh,
            grants: vec![Grant {
                role,
                jurisdiction: place.to_owned(),
            }],
        };
        self.site.people().invite(&new, &self.cx()).await.unwrap().1
    }

    /// An account that has every role in all of the province.
    pub async fn mighty(&self, login: &str) -> Browser<'_> {
        let browser = self.signed_in(login, Role::Administrator, "99").await;
        let account = self.newest_account().await;
        for role in Role::ALL {
            let grant = kandeng_platform::account::GrantRole(Grant {
                role,
                jurisdiction: "99".to_owned(),
            });
            let granted = self.site.platform();
            granted
                .carry_out::<kandeng_platform::account::Account, _>(account, grant, &self.cx())
                .await
                .unwrap();
        }
        browser
    }

    /// The account that was invited last.
    pub async fn newest_account(&self) -> uuid::Uuid {
        let id: String = self
            .site
            .platform()
            .query(|connection| {
                let newest = "select id from accounts order by invited_at desc, id desc limit 1";
                connection.query_row(newest, [], |row| row.get(0))
            })
            .unwrap();
        id.parse().unwrap()
    }

    /// Somebody with an account, not signed in yet.
    pub async fn enrolled(&self, login: &str, role: Role, place: &str) -> TotpSecret {
        let token = self.invited(login, role, place).await;
        let people = self.site.people();
        let totp = people.new_totp(login).unwrap();
        let code = totp.code(self.clock.now());
        people
            .set_credentials(&token, PASSWORD, &totp.base32(), &code, &self.cx())
            .await
            .unwrap();
        self.later(60);
        totp
    }

    /// A browser in which somebody is signed in.
    pub async fn signed_in(&self, login: &str, role: Role, place: &str) -> Browser<'_> {
        let totp = self.enrolled(login, role, place).await;
        let mut browser = self.browser();
        let answer = browser.sign_in(login, &totp.code(self.clock.now())).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser {
            house: self,
            cookie: None,
            told: None,
            language: None,
            bearer: None,
        }
    }
}

pub struct Browser<'h> {
    pub house: &'h House,
    pub cookie: Option<String>,
    pub told: Option<String>,
    pub language: Option<String>,
    /// The token of a program.
    pub bearer: Option<String>,
}

#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
    /// The same as it came.
    pub bytes: Vec<u8>,
}

impl Seen {
    /// The value of the first field of that name.
    pub fn field(&self, name: &str) -> Option<String> {
        let rest = self.body.split_once(&format!("name=\"{name}\""))?.1;
        let value = rest.split_once("value=\"")?.1.split_once('"')?.0;
        Some(value.replace("&#38;", "&").replace("&#34;", "\""))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser<'_> {
    pub async fn send(
        &mut self,
        request: axum::http::request::Builder,
        body: impl Into<Body>,
    ) -> Seen {
        let mut request = request.header(header::HOST, "kandeng.example");
        let says = request
            .headers_ref()
            .is_some_and(|headers| headers.contains_key(header::ACCEPT_ENCODING));
        if !says {
            // As browsers do: answers come compressed, and those that were cut off show.
            request = request.header(header::ACCEPT_ENCODING, "gzip");
        }
        let cookies = [
            ("__Host-session", &self.cookie),
            ("__Host-told", &self.told),
            ("__Host-language", &self.language),
        ];
        for (name, value) in cookies {
            if let Some(value) = value {
                request = request.header(header::COOKIE, format!("{name}={value}"));
            }
        }
        if let Some(token) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request: Request<Body> = request.body(body.into()).unwrap();
        let response = self.house.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let kept = match name {
                "__Host-session" => &mut self.cookie,
                "__Host-told" => &mut self.told,
                "__Host-language" => &mut self.language,
                other => panic!("a cookie that nobody knows: {other}"),
            };
            *kept = (!value.is_empty()).then(|| value.to_owned());
        }
        let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
        let is_packed = (parts.headers.get(header::CONTENT_ENCODING))
            .is_some_and(|encoding| encoding == "gzip");
        let bytes = if is_packed {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&*bytes)
                .read_to_end(&mut unpacked)
                .unwrap();
            unpacked
        } else {
            bytes.to_vec()
        };
        Seen {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    pub async fn get(&mut self, path: &str) -> Seen {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request.header(header::ACCEPT, "text/html"), String::new())
            .await
    }

    /// Sends a form as a browser does from a page of ours.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, form.finish()).await
    }

    pub async fn sign_in(&mut self, login: &str, code: &str) -> Seen {
        let fields = [("login", login), ("password", PASSWORD), ("code", code)];
        self.post("/sign-in", &fields).await
    }

    /// The token that forms of this session carry.
    pub async fn token(&mut self) -> String {
        self.get("/account").await.field("form_token").unwrap()
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
