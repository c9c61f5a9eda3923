//! Tokens of programs, kept in memory.

use std::sync::Mutex;

use kandeng_platform::Context;
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Problem, Program, Site};
use kandeng_server::{Key, Keys, NewKey};
use uuid::Uuid;

struct Kept {
    token: String,
    account: Uuid,
    key: Key,
}

pub struct KeysInMemory {
    site: Site,
    kept: Mutex<Vec<Kept>>,
}

impl KeysInMemory {
    pub fn new(site: Site) -> Self {
        Self {
            site,
            kept: Mutex::default(),
        }
    }

    fn viewer(&self, account: Uuid) -> Viewer {
        let grants = self.site.platform().query(|connection| {
            connection
                .prepare("select role, jurisdiction from account_grants where account = ?1")?
                .query_map([account.to_string()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?))
                })?
                .collect::<Result<Vec<_>, _>>()
        });
        let role = |name: &str| {
            let mut all = kandeng_platform::account::Role::ALL.into_iter();
            all.find(|role| role.name() == name).unwrap()
        };
        Viewer {
            account,
            grants: grants
                .unwrap()
                .into_iter()
                .map(|(name, jurisdiction)| kandeng_platform::account::Grant {
                    role: role(&name),
                    jurisdiction,
                })
                .collect(),
            language: kandeng_platform::Language::Zh,
            session: Uuid::nil(),
        }
    }
}

#[async_trait::async_trait]
impl Keys for KeysInMemory {
    fn bearer(
        &self,
        token: &str,
        now: jiff::Timestamp,
    ) -> Result<Option<(Viewer, Program)>, Problem> {
        let kept = self.kept.lock().unwrap();
        let found = kept
            .iter()
            .find(|kept| kept.token == token && kept.key.until > now.as_millisecond());
        Ok(found.map(|kept| {
            let changes = kept.key.changes;
            (self.viewer(kept.account), Program { changes })
        }))
    }

    fn of(&self, account: Uuid, now: jiff::Timestamp) -> Result<Vec<Key>, Problem> {
        let kept = self.kept.lock().unwrap();
        let theirs = kept
            .iter()
            .filter(|kept| kept.account == account && kept.key.until > now.as_millisecond());
        Ok(theirs.map(|kept| kept.key.clone()).collect())
    }

    async fn make(&self, new: NewKey, cx: &Context) -> Result<String, Problem> {
        let id = self.site.platform().new_id();
        let token = format!("token-{id}");
        self.kept.lock().unwrap().push(Kept {
            token: token.clone(),
            account: cx.actor,
            key: Key {
                id,
                label: new.label,
                changes: new.changes,
                until: cx.at.as_millisecond() + i64::from(new.days) * 86_400_000,
            },
        });
        Ok(token)
    }

    async fn withdraw(&self, id: Uuid, cx: &Context) -> Result<(), Problem> {
        let mut kept = self.kept.lock().unwrap();
        kept.retain(|kept| kept.key.id != id || kept.account != cx.actor);
        Ok(())
    }
}
