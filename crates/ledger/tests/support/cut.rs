//! A way between client and server that breaks where a test wants it to: a proxy on a Unix socket that
//! counts messages and cuts the connection before or after one of them has passed.

#![allow(dead_code, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Where the way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The client's message does not arrive.
    BeforeServer,
    /// The client's message arrives, and no answer comes back.
    AfterServer,
    /// The server's message does not arrive.
    BeforeClient,
}

struct State {
    /// Messages that still pass; at zero the next one is cut. Negative: nothing is cut.
    left: AtomicI64,
    cut: Mutex<Cut>,
    passed: AtomicU64,
}

/// The proxy. Its threads end when both ends of a connection do.
pub struct Way {
    folder: PathBuf,
    state: Arc<State>,
}

impl Way {
    /// A way from a socket in `folder` to the server's.
    pub fn new(folder: &Path, server: PathBuf) -> Self {
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let state = Arc::new(State {
            left: AtomicI64::new(-1),
            cut: Mutex::new(Cut::BeforeServer),
            passed: AtomicU64::new(0),
        });
        std::thread::spawn({
            let state = state.clone();
            move || {
                for client in listener.incoming().map_while(Result::ok) {
                    // A server that is down closes the door.
                    if let Ok(server) = UnixStream::connect(&server) {
                        carry(client, server, &state);
                    }
                }
            }
        });
        Self {
            folder: folder.to_owned(),
            state,
        }
    }

    /// The address by this way.
    pub fn address(&self, database: &str) -> String {
        format!(
            "host={} user=kandeng dbname={database}",
            self.folder.display()
        )
    }

    /// Cuts at the message after the next `pass` of that direction.
    pub fn cut_after(&self, pass: u64, cut: Cut) {
        *self.state.cut.lock().unwrap() = cut;
        self.state.left.store(pass as i64, Ordering::SeqCst);
    }

    /// Lets everything pass again; gives whether something was cut.
    pub fn mend(&self) -> bool {
        self.state.left.swap(-1, Ordering::SeqCst) == -2
    }
}

fn carry(client: UnixStream, server: UnixStream, state: &Arc<State>) {
    for to_server in [true, false] {
        let (mut from, mut to) = if to_server {
            (client.try_clone().unwrap(), server.try_clone().unwrap())
        } else {
            (server.try_clone().unwrap(), client.try_clone().unwrap())
        };
        let state = state.clone();
        std::thread::spawn(move || {
            let mut started = !to_server;
            let end = loop {
                let Some(message) = message(&mut from, &mut started) else {
                    break Shutdown::Both;
                };
                let cut = *state.cut.lock().unwrap();
                let counts = to_server == (cut != Cut::BeforeClient);
                let now = counts && reached(&state.left);
                if now && cut == Cut::AfterServer {
                    // The way back is closed first.
                    let _ = from.shutdown(Shutdown::Both);
                }
                if now && cut != Cut::AfterServer {
                    break Shutdown::Both;
                }
                if to.write_all(&message).is_err() || now {
                    break Shutdown::Both;
                }
                state.passed.fetch_add(1, Ordering::Relaxed);
            };
            let _ = from.shutdown(end);
            let _ = to.shutdown(end);
        });
    }
}

/// Counts down; whether this message is the one.
fn reached(left: &AtomicI64) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
        0 => Some(-2),
        1.. => Some(left - 1),
        _ => None,
    }) == Ok(0)
}

/// One whole message; nothing at the end. The client's first has no type.
fn message(from: &mut UnixStream, started: &mut bool) -> Option<Vec<u8>> {
    let mut message = vec![0; if *started { 5 } else { 4 }];
    from.read_exact(&mut message).ok()?;
    let length: [u8; 4] = message[message.len() - 4..].try_into().ok()?;
    *started = true;
    let head = message.len();
    message.resize(head + u32::from_be_bytes(length) as usize - 4, 0);
    from.read_exact(&mut message[head..]).ok()?;
    Some(message)
}
