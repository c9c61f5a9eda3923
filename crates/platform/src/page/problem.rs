//! What is answered when something is wrong: for programs a problem document (RFC 9457), for people a page in their
//! language. Handlers give a [`Problem`]; the server writes it in the form that was asked for.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::Words;
use crate::account::{PeopleError, Scope};
use crate::context::{Refusal, Text};
use crate::platform::CommandError;
use crate::room::is_for_want_of_room;

/// The code of [`Problem::no_room`].
pub(super) const NO_ROOM: &str = "no-room";

/// Something that is wrong with a request, or with us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// A stable word for programs, such as `not-found`: the last part of the document's `type`.
    pub code: String,
    /// For people; nothing where the status says it all.
    pub text: Option<Text>,
    /// What programs read beside that (RFC 9457, 3.2), such as `field`: never what somebody sent.
    pub more: Vec<(&'static str, serde_json::Value)>,
    /// After how many seconds it is worth another try (`Retry-After`), where it is.
    pub after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, code: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            text: None,
            more: Vec::new(),
            after: None,
        }
    }

    /// With something that programs read beside the text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: serde_json::Value) -> Self {
        self.more.push((name, value));
        self
    }

    /// There is no such thing, or none that this person may know of.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found")
    }

    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "signed-out")
    }

    /// The form was not sent from one of our pages, or from one of another session.
    pub fn forged() -> Self {
        Self::new(StatusCode::FORBIDDEN, "form-not-ours")
    }

    /// The program's token lets it read, but not change this: it lacks a scope, or none would do.
    pub fn beyond_scope(needed: Option<Scope>) -> Self {
        Self {
            text: Some(match needed.map(Scope::name) {
                Some(scope) => Text::new(
                    format!("这个接口令牌没有 {scope} 权限,不能这样更改"),
                    format!(
                        "this token lacks the scope {scope}, without which a program changes nothing here"
                    ),
                ),
                None => Text::new(
                    "接口令牌不能更改这里",
                    "no token lets a program change this",
                ),
            }),
            ..Self::new(StatusCode::FORBIDDEN, "beyond-scope")
        }
    }

    /// It is read with a trace, and whoever reads it says why first.
    pub fn reason_needed() -> Self {
        Self {
            text: Some(Text::new(
                "查阅须先说明理由,理由会留痕",
                "say why you read it first; that leaves a trace",
            )),
            ..Self::new(StatusCode::FORBIDDEN, "reason-needed")
        }
    }

    /// Whoever is signed in shows once more who they are, before what signs them in is changed.
    pub fn sign_in_again() -> Self {
        Self {
            text: Some(Text::new(
                "更改登录方式前须重新登录:请回到上一页,点“重新登录”",
                "sign in again before you change how you sign in: go back and follow “Sign in again”",
            )),
            ..Self::new(StatusCode::FORBIDDEN, "sign-in-again")
        }
    }

    /// What was sent is of another kind than is taken here.
    pub fn format() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "format-not-taken")
    }

    /// The request is for a name that is not ours.
    pub fn elsewhere() -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "elsewhere")
    }

    /// There is a page there, and this is not how it is asked.
    pub fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")
    }

    /// It took too long to arrive, or to answer.
    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow")
    }

    /// What was sent cannot be read.
    pub fn unreadable(text: Text) -> Self {
        Self {
            text: Some(text),
            ..Self::new(StatusCode::BAD_REQUEST, "unreadable")
        }
    }

    /// What was sent is too large.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large")
    }

    /// Others kept being first, or too many wait.
    pub fn busy() -> Self {
        Self {
            after: Some(2),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy")
        }
    }

    /// There is no room on the disk: nothing is written until there is.
    pub fn no_room() -> Self {
        Self {
            text: Some(Text::new(
                "服务器磁盘已满,暂时只能查看,不能保存。这次没有保存任何内容;腾出空间后会自动恢复,请稍后再试,或告诉管理员。",
                "The server's disk is full: things can be looked at and not saved for now. Nothing of this was saved. \
                 It goes on by itself once there is room: try again later, or tell the administrator.",
            )),
            after: Some(60),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM)
        }
    }

    /// Whether nothing could be written for want of room.
    pub fn is_for_want_of_room(&self) -> bool {
        self.code == NO_ROOM
    }

    /// A fault of ours, or a disk that is full. What it was stands in the log, not in the answer.
    pub fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        if is_for_want_of_room(error) {
            tracing::warn!(error = %error, "there was no room");
            return Self::no_room();
        }
        Self::broken(error)
    }

    /// A fault of ours, whatever it was.
    fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault")
    }

    /// In the person's language: what is wrong.
    pub fn title(&self, words: Words) -> String {
        if self.is_for_want_of_room() {
            return words.say("problem-no-room");
        }
        if self.code == "sign-in-again" {
            return words.say("problem-sign-in-again");
        }
        if self.code == "reason-needed" {
            return words.say("problem-reason-needed");
        }
        words.say(&format!("problem-{}", self.status.as_u16()))
    }

    /// In the person's language: what to do.
    pub fn detail(&self, words: Words) -> String {
        match &self.text {
            Some(text) => words.of(text).to_owned(),
            None => words.say(&format!("problem-{}-detail", self.status.as_u16())),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: refusal.code,
            text: Some(refusal.text),
            more: Vec::new(),
            after: None,
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Busy | CommandError::Contended(_) => Self::busy(),
            other => Self::fault(&other),
        }
    }
}

impl From<kandeng_ledger::StoreError> for Problem {
    /// Of reading: what could not be read has nothing to do with room.
    fn from(error: kandeng_ledger::StoreError) -> Self {
        Self::broken(&error)
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Refused(refusal) => refusal.into(),
            PeopleError::Wait(wait) => Self {
                text: Some(Text::new(
                    format!("尝试次数过多,请 {} 秒后再试", wait.as_secs() + 1),
                    format!("too many tries; try again in {} s", wait.as_secs() + 1),
                )),
                after: u32::try_from(wait.as_secs() + 1).ok(),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "wait")
            },
            PeopleError::Command(error) => error.into(),
            PeopleError::Vault(error) => Self::fault(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(after) = self.after {
            response.headers_mut().insert(RETRY_AFTER, after.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
