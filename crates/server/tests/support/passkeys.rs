//! A device that has passkeys: whoever it was given to says yes.

use std::sync::Mutex;

use kandeng_platform::account::{PeopleError, TotpSecret, Viewer};
use kandeng_platform::page::Site;
use kandeng_platform::{Context, Refusal};
use kandeng_server::{Challenge, Passkey, Passkeys};
use serde_json::{Value, json};
use uuid::Uuid;

pub struct Device {
    site: Site,
    /// Login and second factor of whoever it is given to.
    pub owner: Mutex<Option<(String, TotpSecret)>>,
    kept: Mutex<Vec<(Uuid, Passkey)>>,
}

impl Device {
    pub fn new(site: Site) -> Self {
        Self {
            site,
            owner: Mutex::default(),
            kept: Mutex::default(),
        }
    }
}

fn challenge(attempt: &str) -> Challenge {
    Challenge {
        attempt: attempt.to_owned(),
        options: json!({ "challenge": "AAAA" }),
    }
}

fn refused() -> PeopleError {
    Refusal::new("passkey", "通行密钥不对", "this passkey is wrong").into()
}

#[async_trait::async_trait]
impl Passkeys for Device {
    async fn ask(&self, _: &Context) -> Result<Challenge, PeopleError> {
        Ok(challenge("in"))
    }

    async fn sign_in(
        &self,
        attempt: &str,
        answer: Value,
        address: &str,
        cx: &Context,
    ) -> Result<String, PeopleError> {
        let (login, code) = match &*self.owner.lock().unwrap() {
            Some((login, totp)) if attempt == "in" && answer == "yes" => {
                (login.clone(), totp.code(cx.at))
            }
            _ => return Err(refused()),
        };
        let people = self.site.people();
        people
            .sign_in(&login, super::PASSWORD, &code, address, cx)
            .await
    }

    async fn offer(&self, _: &Viewer, _: &Context) -> Result<Challenge, PeopleError> {
        Ok(challenge("new"))
    }

    async fn add(
        &self,
        viewer: &Viewer,
        attempt: &str,
        label: &str,
        answer: Value,
        cx: &Context,
    ) -> Result<(), PeopleError> {
        if attempt != "new" || answer != "yes" {
            return Err(refused());
        }
        let key = Passkey {
            id: self.site.platform().new_id(),
            label: label.to_owned(),
            since: cx.at.as_millisecond(),
        };
        self.kept.lock().unwrap().push((viewer.account, key));
        Ok(())
    }

    fn of(&self, account: Uuid) -> Result<Vec<Passkey>, PeopleError> {
        let kept = self.kept.lock().unwrap();
        let theirs = kept.iter().filter(|(owner, _)| *owner == account);
        Ok(theirs.map(|(_, key)| key.clone()).collect())
    }

    async fn remove(&self, viewer: &Viewer, id: Uuid, _: &Context) -> Result<(), PeopleError> {
        let mut kept = self.kept.lock().unwrap();
        kept.retain(|(owner, key)| *owner != viewer.account || key.id != id);
        Ok(())
    }
}
