//! Commands of programs: each may carry a key, and sent again with the same key it gets its first answer again.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::Done;
use crate::account::Viewer;
use crate::context::{Context, Text};
use crate::page::{Problem, Site};
use crate::platform::Answer;

/// The header that carries a command's key, a UUID.
pub const COMMAND_HEADER: &str = "idempotency-key";

/// The id of a command, where its sender gave it a key. It is made of key, sender, method and path: what somebody else
/// sends, or what is sent elsewhere, is another command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandId(Option<Uuid>);

impl CommandId {
    /// A command of the viewer's, now, for a jurisdiction.
    pub fn context(self, site: &Site, viewer: &Viewer, jurisdiction: &str) -> Context {
        Context {
            command: self.0,
            ..site.context(viewer, jurisdiction)
        }
    }

    /// The id, where its sender gave the command a key.
    pub const fn id(self) -> Option<Uuid> {
        self.0
    }

    /// What was answered when the command first came; nothing where it did not come before.
    ///
    /// # Errors
    /// The refusal that it got, or a fault of the ledger.
    pub async fn first_answer(self, site: &Site) -> Result<Option<Done>, Problem> {
        let Some(id) = self.0 else {
            return Ok(None);
        };
        let first = site.platform().first_answer(id).await?;
        Ok(first.as_ref().map(Done::from))
    }
}

impl<S: Sync> FromRequestParts<S> for CommandId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(key) = parts.headers.get(COMMAND_HEADER) else {
            return Ok(Self(None));
        };
        let key = key.to_str().ok().and_then(|key| Uuid::try_parse(key).ok());
        let Some(key) = key else {
            let text = Text::new(
                format!("{COMMAND_HEADER}:应为 UUID"),
                format!("{COMMAND_HEADER}: it should be a UUID"),
            );
            return Err(Problem::unreadable(text).with("field", COMMAND_HEADER.into()));
        };
        let viewer = parts.extensions.get::<Viewer>();
        let viewer = viewer.ok_or_else(Problem::signed_out)?;
        Ok(Self(Some(derived(
            key,
            viewer.account,
            parts.method.as_str(),
            parts.uri.path(),
        ))))
    }
}

fn derived(key: Uuid, account: Uuid, method: &str, path: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(key.as_bytes());
    hash.update(account.as_bytes());
    // A method has no space, so no two pairs read alike.
    hash.update(method.as_bytes());
    hash.update(b" ");
    hash.update(path.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The id of what a command made, such as a `project`: the first stream of that kind that its events are in. A
/// command that comes again finds what it made when it first came.
///
/// # Errors
/// When the ledger cannot be read, or the command made no such thing.
pub fn born(site: &Site, answer: &Answer, kind: &str) -> Result<Uuid, Problem> {
    let Answer::Done { positions } = answer else {
        return Err(Problem::not_found());
    };
    let count = usize::try_from(positions.end - positions.start).unwrap_or(usize::MAX);
    let events = site.platform().ledger().read_from(positions.start, count)?;
    let mut made = events
        .into_iter()
        .map(|event| event.stream)
        .filter(|stream| stream.kind() == kind);
    made.next()
        .map(|stream| stream.id())
        .ok_or_else(Problem::not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_of_another_person_or_for_another_place_is_another_command() {
        let (key, one, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let id = derived(key, one, "POST", "/api/a");
        assert_eq!(id, derived(key, one, "POST", "/api/a"));
        assert_ne!(id, derived(key, other, "POST", "/api/a"));
        assert_ne!(id, derived(key, one, "POST", "/api/b"));
        assert_ne!(id, derived(key, one, "PUT", "/api/a"));
        assert_ne!(id, derived(other, one, "POST", "/api/a"));
    }
}
