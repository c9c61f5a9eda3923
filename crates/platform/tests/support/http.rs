//! An HTTP server on this machine that answers as a test tells it to, one connection after the other.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub target: String,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// What goes out.
pub enum Reply {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// Headers that promise more than comes.
    Cut(String),
    /// Nothing at all until the other side gives up.
    Never,
    /// The connection ends without a word.
    Gone,
}

impl Reply {
    pub fn json(text: &str) -> Self {
        Self::Whole(200, Vec::new(), text.to_owned())
    }
}

pub struct Server {
    address: SocketAddr,
    pub requests: Receiver<Request>,
}

impl Server {
    /// Answers every request with what `reply` gives. Ends with the test.
    pub fn start(reply: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        Self::start_with(|stream| stream, reply)
    }

    /// [`Server::start`], with connections that `wrap` gives, such as encrypted ones.
    pub fn start_with<S: Read + Write + 'static>(
        wrap: fn(TcpStream) -> S,
        reply: impl Fn(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (note, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who hangs up early is none of the server's business.
                if answer(wrap(stream), &reply, &note).is_none() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next request.
    pub fn next(&self) -> Request {
        let most = std::time::Duration::from_secs(30);
        self.requests.recv_timeout(most).expect("no request came")
    }
}

/// Nothing once nobody listens to what comes in.
fn answer<S: Read + Write>(
    stream: S,
    reply: &impl Fn(&Request) -> Reply,
    note: &Sender<Request>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else {
        return Some(());
    };
    note.send(request.clone()).ok()?;
    let stream = reader.get_mut();
    let _ = match reply(&request) {
        Reply::Whole(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            head += &format!("content-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes())
        }
        Reply::Cut(body) => {
            let head = format!(
                "HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n",
                body.len() + 50
            );
            stream.write_all((head + &body).as_bytes())
        }
        // Ends when the other side closes.
        Reply::Never => reader.read_to_end(&mut Vec::new()).map(|_| ()),
        Reply::Gone => Ok(()),
    };
    let _ = reader.get_mut().flush();
    Some(())
}

fn read(reader: &mut impl std::io::BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        target,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
