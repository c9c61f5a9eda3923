//! A small HTTP server of the tests' own on 127.0.0.1, and a witness that speaks C2SP tlog-witness on it.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kandeng_ledger::{Trust, WitnessKey};
use tlog_tiles::tlog::{Hash, check_tree};

/// What was asked for.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
}

/// Status and body.
pub type Answer = (u16, Vec<u8>);

/// A server that ends with the value.
pub struct Http {
    pub at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Http {
    pub fn serve(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let answer = Arc::new(answer);
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let answer = answer.clone();
                    std::thread::spawn(move || converse(stream, &*answer));
                }
            }
        });
        Self {
            at,
            stop,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The listener wakes for this, and for nothing else.
        let _ = TcpStream::connect(self.at);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// One question and its answer; the connection is closed after it.
fn converse(stream: TcpStream, answer: &dyn Fn(&Asked) -> Answer) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, bytes) = answer(&Asked { method, path, body });
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&bytes).ok()
}

/// What a witness keeps of each ledger.
pub type Seen = Arc<Mutex<HashMap<String, (u64, Hash)>>>;

/// A witness: it checks signatures and consistency and remembers.
pub struct TestWitness {
    pub http: Http,
    pub key: Arc<WitnessKey>,
    pub seen: Seen,
    pub asked: Arc<AtomicU64>,
}

impl TestWitness {
    pub fn new(trust: Trust) -> Self {
        Self::named("witness.example/w1", 8, trust)
    }

    pub fn named(name: &str, secret: u8, trust: Trust) -> Self {
        let key = Arc::new(WitnessKey::new(name, &[secret; 32]).unwrap());
        let seen = Seen::default();
        let asked = Arc::new(AtomicU64::new(0));
        let http = Http::serve({
            let (key, seen, asked) = (key.clone(), seen.clone(), asked.clone());
            move |question| {
                asked.fetch_add(1, Ordering::SeqCst);
                if question.method != "POST" || question.path != "/add-checkpoint" {
                    return (404, Vec::new());
                }
                let body = String::from_utf8_lossy(&question.body).into_owned();
                match witnessed(&body, &trust, &key, &seen) {
                    Ok(line) => (200, line.into_bytes()),
                    Err(answer) => answer,
                }
            }
        });
        Self {
            http,
            key,
            seen,
            asked,
        }
    }

    pub fn size(&self) -> u64 {
        self.seen
            .lock()
            .unwrap()
            .values()
            .map(|(size, _)| *size)
            .max()
            .unwrap_or(0)
    }
}

fn witnessed(body: &str, trust: &Trust, key: &WitnessKey, seen: &Seen) -> Result<String, Answer> {
    let malformed = || (400, b"malformed\n".to_vec());
    let (head, note) = body.split_once("\n\n").ok_or_else(malformed)?;
    let mut lines = head.lines();
    let old: u64 = lines
        .next()
        .and_then(|line| line.strip_prefix("old "))
        .and_then(|size| size.parse().ok())
        .ok_or_else(malformed)?;
    let proof: Vec<Hash> = lines
        .map(|line| {
            let bytes = BASE64_STANDARD.decode(line).map_err(|_| malformed())?;
            Ok(Hash(bytes.try_into().map_err(|_| malformed())?))
        })
        .collect::<Result<_, Answer>>()?;
    let origin = note.lines().next().unwrap_or_default();
    if origin != trust.origin() {
        return Err((404, Vec::new()));
    }
    let verified = trust.verify(note).map_err(|_| (403, Vec::new()))?;
    let (size, root) = (verified.checkpoint.size, verified.checkpoint.root);
    let mut seen = seen.lock().unwrap();
    let (known, known_root) = seen
        .get(origin)
        .copied()
        .unwrap_or((0, tlog_tiles::tlog::EMPTY_HASH));
    if old > size {
        return Err(malformed());
    }
    if old != known || (old == size && known_root != root) {
        return Err((409, format!("{known}\n").into_bytes()));
    }
    let consistent = match old {
        0 => proof.is_empty(),
        _ if old == size => proof.is_empty(),
        _ => check_tree(&proof, size, root, old, known_root).is_ok(),
    };
    if !consistent {
        return Err((422, Vec::new()));
    }
    // Kept before it is signed.
    seen.insert(origin.to_owned(), (size, root));
    Ok(format!(
        "{}\n",
        key.cosign(&verified.checkpoint, 1_782_000_000 + size)
            .unwrap()
            .trim_end()
    ))
}
