//! A node that is killed between delivering a notice and saying so delivers it again, with the same id; one
//! that is killed before delivers it once. Lost is none.
//!
//! The parent starts this program again as a child that sends to the parent's own server, and kills it from
//! within the server's answer.

#![allow(clippy::unwrap_used)]

#[path = "support/http.rs"]
#[allow(dead_code)]
mod http;
mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use http::Reply;
use jiff::SignedDuration;
use kandeng_platform::Clock as _;
use kandeng_platform::notice::senders::{Channels, Surroundings};
use kandeng_platform::notice::{NoticeLoop, Sender, given_up};
use support::{Door, LeaveOpen, Node, block_on, rows};
use uuid::Uuid;

const PLACE: &str = "KANDENG_TEST_CHILD_PLACE";
const ADDRESS: &str = "KANDENG_TEST_CHILD_ADDRESS";
const SECRET: &str = "KANDENG_TEST_CHILD_SECRET";

fn senders(url: &str, node: &Node) -> BTreeMap<String, Arc<dyn Sender>> {
    let settings =
        format!("[log]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret = {{ env = \"{SECRET}\" }}");
    let around = Surroundings {
        folder: node.folder(),
        clock: Arc::clone(&node.clock) as _,
    };
    Channels::parse(&settings).unwrap().open(&around).unwrap()
}

/// Does nothing but when the parent asks for it.
#[test]
fn as_a_child_it_sends_what_is_ready() {
    let (Ok(place), Ok(address)) = (std::env::var(PLACE), std::env::var(ADDRESS)) else {
        return;
    };
    let node = Node::at(Path::new(&place));
    let platform = node.open();
    let notices = NoticeLoop::new(platform, senders(&address, &node));
    block_on(async { notices.send_ready().await.unwrap() });
}

#[test]
fn a_node_killed_between_delivery_and_acknowledgement_delivers_again_with_the_same_id() {
    let node = Node::new();
    let id = Uuid::from_u128(1);
    block_on(async {
        let platform = node.open();
        platform
            .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
            .await
            .unwrap();
    });
    let secret = base64::prelude::BASE64_STANDARD.encode([7; 32]);
    let victim: Arc<Mutex<Option<Child>>> = Arc::default();
    let server = http::Server::start({
        let victim = Arc::clone(&victim);
        move |_| {
            // The request is here whole: the notice is delivered, and the node dies before it hears so.
            if let Some(mut child) = victim.lock().unwrap().take() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            Reply::json("")
        }
    });
    {
        // The server finds the child in its place, however early the request comes.
        let mut place = victim.lock().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "as_a_child_it_sends_what_is_ready"])
            .env(PLACE, node.folder())
            .env(ADDRESS, server.url("/hook"))
            .env(SECRET, &secret)
            .spawn()
            .unwrap();
        *place = Some(child);
    }
    let first = server.next();
    // Until the server has killed the child.
    while victim.lock().unwrap().is_some() {
        std::thread::yield_now();
    }

    // The child's time stood still; for the next node the lease has run out.
    let platform = node.open();
    assert!(rows(&platform, "notices")[0].contains("leased"));
    node.clock
        .set(node.clock.now() + SignedDuration::from_mins(3));
    let settings = {
        let path = node.folder().join("secret");
        std::fs::write(&path, &secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!(
            "[log]\nkind = \"webhook\"\nurl = \"{}\"\nsecret = {{ file = \"secret\" }}",
            server.url("/hook")
        )
    };
    let around = Surroundings {
        folder: node.folder(),
        clock: Arc::clone(&node.clock) as _,
    };
    let senders = Channels::parse(&settings).unwrap().open(&around).unwrap();
    let tries = block_on(async {
        let notices = NoticeLoop::new(platform.clone(), senders);
        notices.send_ready().await.unwrap()
    });
    assert_eq!(tries, 1);
    let second = server.next();
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert!(first.header("webhook-id").starts_with("notice/"));
    assert!(rows(&platform, "notices")[0].contains("delivered"));
    assert_eq!(platform.query(|reader| given_up(reader, 1)).unwrap(), []);
    assert!(server.requests.try_recv().is_err(), "a third time");
}
