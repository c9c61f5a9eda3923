//! The program while it serves a node, and a browser that visits it over HTTP.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use kandeng_platform::account::TotpSecret;
use kandeng_platform::{Clock as _, SystemClock};

use super::{program, stdout, succeed};

const PASSWORD: &str = "早看窗帘晚看灯,一天也不落下";

/// A node `node` in a folder.
pub fn init(folder: &Path) {
    let args = [
        "--lang",
        "en",
        "init",
        "node",
        "--origin",
        "ledger.example/990121",
    ];
    succeed(folder, &[&args[..], &["--jurisdiction", "990121"]].concat());
}

/// The program while it serves. It is ended with the value.
pub struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// With settings said by variables of the environment.
    pub fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = program(folder, &["--lang", "en", "serve", "--config", "node"]);
        let mut child = command
            .env("KANDENG_SERVER_ADDRESS", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(
                std::fs::File::options()
                    .append(true)
                    .create(true)
                    .open(folder.join("log"))
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let at = line.split_once("http://").unwrap().1;
        let address = at.split_once('/').unwrap().0.to_owned();
        Self { child, address }
    }

    /// Somebody without a cookie.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            address: self.address.clone(),
            cookie: String::new(),
        }
    }

    pub fn get(&self, path: &str) -> String {
        self.visitor().get(path)
    }

    /// Asks for a page again and again until it says something.
    pub fn wait_for(&self, path: &str, word: &str) {
        let start = Instant::now();
        loop {
            let answer = self.get(path);
            if answer.contains(word) {
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "{answer}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Tells it to stop, as a service manager does, and gives its exit status.
    pub fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let told = std::process::Command::new("kill").arg(&id).status();
        assert!(told.unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Ended already where the test got that far.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser of somebody's.
#[derive(Clone)]
pub struct Visitor {
    address: String,
    cookie: String,
}

impl Visitor {
    /// The same in the node that was started again.
    pub fn at(&self, serving: &Serving) -> Self {
        Self {
            address: serving.address.clone(),
            ..self.clone()
        }
    }

    pub fn get(&mut self, path: &str) -> String {
        self.send("GET", path, "", &[])
    }

    /// Sends a form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let mut body = String::new();
        for (name, value) in fields {
            let between = if body.is_empty() { "" } else { "&" };
            write!(body, "{between}{name}=").unwrap();
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => body.push(char::from(byte)),
                    _ => write!(body, "%{byte:02X}").unwrap(),
                }
            }
        }
        let kind = "application/x-www-form-urlencoded";
        self.send("POST", path, kind, body.as_bytes())
    }

    /// Sends a file.
    pub fn upload(&mut self, path: &str, name: &str, bytes: &[u8]) -> String {
        let token = self.token();
        let part = "--lamp\r\ncontent-disposition: form-data; name=";
        let mut body = format!(
            "{part}\"form_token\"\r\n\r\n{token}\r\n{part}\"file\"; filename=\"{name}\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--lamp--\r\n");
        self.send("POST", path, "multipart/form-data; boundary=lamp", &body)
    }

    fn send(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> String {
        let answer = self.try_send(method, path, kind, body).unwrap();
        if let Some((_, rest)) = answer.split_once("set-cookie: __Host-session=") {
            let token = rest.split(';').next().unwrap_or_default();
            self.cookie = format!("__Host-session={token}");
        }
        answer
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (address, cookie, length) = (&self.address, &self.cookie, body.len());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\naccept-language: en\r\n\
             connection: close\r\nsec-fetch-site: same-origin\r\ncontent-length: {length}\r\ncookie: {cookie}\r\n"
        );
        if !kind.is_empty() {
            write!(request, "content-type: {kind}\r\n").unwrap();
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Sends a form and does not wait for what is answered, if anything is.
    pub fn post_and_go(&self, path: &str, fields: Vec<(&'static str, String)>) {
        let (mut visitor, path) = (self.clone(), path.to_owned());
        std::thread::spawn(move || {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            // Whoever answers may be killed meanwhile.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                visitor.post(&path, &fields)
            }));
        });
    }

    /// The token that forms of this session carry.
    pub fn token(&mut self) -> String {
        field(&self.get("/account"), "form_token")
    }

    /// Sets credentials up by a link, and signs in.
    pub fn enrol(&mut self, link: &str, login: &str) {
        let page = self.get(link);
        let secret = field(&page, "totp");
        let totp = TotpSecret::of(&secret, login).unwrap();
        let code = totp.code(SystemClock.now());
        let fields = [
            ("password", PASSWORD),
            ("again", PASSWORD),
            ("totp", &secret),
            ("code", &code),
        ];
        let enrolled = self.post(link, &fields);
        // The code that set it up has counted; a recovery code counts once as well.
        let recovery = enrolled.split_once("<code>").expect(&enrolled).1;
        let recovery = recovery.split_once('<').unwrap().0.to_owned();
        self.sign_in(login, &recovery);
    }

    pub fn sign_in(&mut self, login: &str, code: &str) {
        let fields = [("login", login), ("password", PASSWORD), ("code", code)];
        let signed = self.post("/sign-in", &fields);
        assert!(signed.starts_with("HTTP/1.1 303"), "{signed}");
    }
}

/// The value of the first field of that name.
pub fn field(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("name=\"{name}\"")).expect(page).1;
    let value = rest.split_once("value=\"").unwrap().1;
    value.split_once('"').unwrap().0.to_owned()
}

/// Where an answer sends the browser.
pub fn location(answer: &str) -> &str {
    let rest = answer.split_once("\r\nlocation: ").expect(answer).1;
    rest.split_once("\r\n").unwrap().0
}

/// The path of the link that `kandeng invite` prints for the first administrator.
pub fn invited(folder: &Path, login: &str) -> String {
    let args = [
        "--lang", "en", "invite", "node", "--login", login, "--name", "李管",
    ];
    let told = stdout(&succeed(folder, &args));
    format!("/invitation/{}", told.trim().rsplit('/').next().unwrap())
}

/// Somebody of that role for the whole county, invited by an administrator and signed in.
pub fn colleague(serving: &Serving, admin: &mut Visitor, login: &str, role: &str) -> Visitor {
    let token = admin.token();
    let fields = [
        ("form_token", token.as_str()),
        ("name", login),
        ("login", login),
        ("role", role),
        ("jurisdiction", "990121"),
        ("language", "en"),
    ];
    let invited = admin.post("/people", &fields);
    let link = invited.split_once("/invitation/").expect(&invited).1;
    let end = link.find(|letter: char| !(letter.is_alphanumeric() || "-_".contains(letter)));
    let link = format!("/invitation/{}", &link[..end.unwrap()]);
    let mut visitor = serving.visitor();
    visitor.enrol(&link, login);
    visitor
}
