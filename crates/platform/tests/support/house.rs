//! People with accounts, to try them on.

#![allow(dead_code)]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kandeng_platform::account::{
    Enrolled, Grant, NewPerson, People, PeopleError, Role, TotpSecret,
};
use kandeng_platform::vault::{MasterKey, Vault};
use kandeng_platform::{Clock as _, Context, Language, Platform};
use uuid::Uuid;

use crate::support::Node;

pub const PASSWORD: &str = "早看窗帘晚看灯,一天也不落下";

pub struct House {
    pub node: Node,
    pub platform: Platform,
    pub people: People,
    pub vault: Arc<Vault>,
}

impl House {
    pub fn new() -> Self {
        Self::on(Node::new(), Node::open)
    }

    /// At a node that is opened so.
    pub fn on(node: Node, open: impl FnOnce(&Node) -> Platform) -> Self {
        let platform = open(&node);
        let vault = platform.open_vault(
            &node.folder().join("people.db"),
            MasterKey::generate().unwrap(),
        );
        let vault = Arc::new(vault.unwrap());
        Self {
            people: People::new(platform.clone(), Arc::clone(&vault)),
            node,
            platform,
            vault,
        }
    }

    pub fn cx(&self) -> Context {
        self.node.cx()
    }

    pub fn now(&self) -> Timestamp {
        self.node.clock.now()
    }

    pub fn later(&self, seconds: i64) {
        let later = self.now() + SignedDuration::from_secs(seconds);
        self.node.clock.set(later);
    }

    pub async fn invite(&self, login: &str, role: Role, jurisdiction: &str) -> (Uuid, String) {
        let new = NewPerson {
            name: "王桂香".to_owned(),
            login: login.to_owned(),
            language: Language::Zh,
            grants: vec![Grant {
                role,
                jurisdiction: jurisdiction.to_owned(),
            }],
        };
        self.people.invite(&new, &self.cx()).await.unwrap()
    }

    pub async fn enrol(&self, token: &str) -> (Enrolled, TotpSecret) {
        let totp = self.people.new_totp("wang").unwrap();
        let code = totp.code(self.now());
        let enrolled = self
            .people
            .set_credentials(token, PASSWORD, &totp.base32(), &code, &self.cx())
            .await
            .unwrap();
        // The code that proved the application is not the one that signs in.
        self.later(60);
        (enrolled, totp)
    }

    pub async fn sign_in(&self, login: &str, password: &str, code: &str) -> Result<String, String> {
        let signed = self
            .people
            .sign_in(login, password, code, "192.0.2.1", &self.cx())
            .await;
        signed.map_err(|error| match error {
            PeopleError::Refused(refusal) => refusal.code,
            other => other.to_string(),
        })
    }
}
