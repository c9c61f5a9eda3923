//! A mail server on this machine that behaves as a test tells it to.

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::tls::encrypt;

/// How it behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// Encrypted from the first byte.
    pub wrapped: bool,
    /// Offers STARTTLS, and takes nothing before it.
    pub starttls: bool,
    /// Asks for user `kandeng`, password `secret`.
    pub login: bool,
    /// What it says to the recipient.
    pub recipient: Option<&'static str>,
    /// Hangs up after it got the letter, before it says so.
    pub cut: bool,
    /// Greets nobody.
    pub silent: bool,
}

/// What came in.
#[derive(Clone, Debug)]
pub struct Mail {
    pub encrypted: bool,
    pub from: String,
    pub to: String,
    pub text: String,
}

pub struct Server {
    pub port: u16,
    pub mails: Receiver<Mail>,
}

impl Server {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (note, mails) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if manners.silent {
                    // Until the other side gives up.
                    let mut stream = stream;
                    let _ = stream.read_to_end(&mut Vec::new());
                } else if manners.wrapped {
                    Talk::new(encrypt(stream), manners, true, &note).all(true);
                } else {
                    let plain = stream.try_clone().unwrap();
                    if Talk::new(stream, manners, false, &note).all(true) {
                        Talk::new(encrypt(plain), manners, true, &note).all(false);
                    }
                }
            }
        });
        Self { port, mails }
    }

    pub fn next(&self) -> Mail {
        let most = std::time::Duration::from_secs(30);
        self.mails.recv_timeout(most).expect("no mail came")
    }
}

struct Talk<'a, S: Read + Write> {
    stream: BufReader<S>,
    manners: Manners,
    encrypted: bool,
    note: &'a Sender<Mail>,
}

impl<'a, S: Read + Write> Talk<'a, S> {
    fn new(stream: S, manners: Manners, encrypted: bool, note: &'a Sender<Mail>) -> Self {
        Self {
            stream: BufReader::new(stream),
            manners,
            encrypted,
            note,
        }
    }

    fn say(&mut self, text: &str) {
        // Who hung up hears nothing.
        let _ = self
            .stream
            .get_mut()
            .write_all(format!("{text}\r\n").as_bytes());
        let _ = self.stream.get_mut().flush();
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.stream.read(&mut byte).ok()? == 1 {
            line.push(byte[0]);
            if byte[0] == b'\n' {
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
        None
    }

    /// Whether it is to go on encrypted.
    fn all(&mut self, greet: bool) -> bool {
        if greet {
            self.say("220 mail.example");
        }
        let mut mail = Mail {
            encrypted: self.encrypted,
            from: String::new(),
            to: String::new(),
            text: String::new(),
        };
        while let Some(line) = self.line() {
            let word = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let mut offers = vec!["mail.example"];
                    if self.manners.starttls && !self.encrypted {
                        offers.push("STARTTLS");
                    }
                    if self.manners.login {
                        offers.push("AUTH PLAIN");
                    }
                    for (place, offer) in offers.iter().enumerate() {
                        let dash = if place + 1 == offers.len() { ' ' } else { '-' };
                        self.say(&format!("250{dash}{offer}"));
                    }
                }
                "STARTTLS" => {
                    self.say("220 go ahead");
                    return true;
                }
                "AUTH" => {
                    // Base64 of NUL kandeng NUL secret.
                    let good = line.ends_with("AGthbmRlbmcAc2VjcmV0");
                    self.say(if good {
                        "235 welcome"
                    } else {
                        "535 kandeng, go away"
                    });
                }
                "MAIL" if self.manners.starttls && !self.encrypted => {
                    self.say("530 STARTTLS first")
                }
                "MAIL" => {
                    mail.from = line;
                    self.say("250 ok");
                }
                "RCPT" => {
                    mail.to = line;
                    self.say(self.manners.recipient.unwrap_or("250 ok"));
                }
                "DATA" => {
                    self.say("354 go on");
                    while let Some(line) = self.line() {
                        if line == "." {
                            break;
                        }
                        mail.text += &line;
                        mail.text += "\n";
                    }
                    if self.note.send(mail.clone()).is_err() || self.manners.cut {
                        return false;
                    }
                    self.say("250 taken");
                }
                "QUIT" => {
                    self.say("221 bye");
                    return false;
                }
                _ => self.say("250 ok"),
            }
        }
        false
    }
}
