//! Bringing a register in, taking it out, and letting none stay beyond its last day.

use std::sync::Arc;

use jiff::civil::Date;
use kandeng_platform::page::Site;
use kandeng_platform::person::PersonError;
use kandeng_platform::vault::Vault;
use kandeng_platform::{CommandError, Context, Platform};
use uuid::Uuid;

use super::rows::Rows;
use super::tables::{listed, to_forget};
use super::{BeginUpload, DeleteUpload, Of, Over, Register, TakeUpload, Terms, register_id};

/// How long storing rows may take before what was stored is taken for left over, in milliseconds.
const STORING: i64 = 3_600_000;

/// Why a register was not taken or not deleted.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// It is refused, or the ledger fails.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The vault fails.
    #[error(transparent)]
    Vault(#[from] PersonError),
    /// The rows cannot be written as they are kept.
    #[error("{0}")]
    Rows(String),
}

/// Takes a register, in place of the one of its kind before: all of it or nothing.
///
/// # Errors
/// When it is refused, or ledger or vault fail.
pub async fn bring_in(
    site: &Site,
    vault: &Arc<Vault>,
    rows: Rows,
    terms: Terms,
    cx: &Context,
) -> Result<(), RegisterError> {
    let platform = site.platform();
    let begin = BeginUpload {
        register: rows.register.clone(),
        upload: Uuid::new_v4(),
        today: site.today(),
        terms,
    };
    let stream = stream(&begin.register);
    // The command is that it is taken; what comes before and after are steps of their own.
    let whole = cx;
    let cx = &Context {
        command: None,
        ..cx.clone()
    };
    // From here on a crash leaves rows that the next hours find and delete.
    platform
        .carry_out::<Register, _>(stream, begin.clone(), cx)
        .await?;
    let upload = begin.upload;
    let (count, file) = (rows.count, rows.file.clone());
    let into = Arc::clone(vault);
    // Sealing and writing take a moment: on a thread that may.
    let stored = tokio::task::spawn_blocking(move || {
        let bytes = rows.to_bytes().map_err(RegisterError::Rows)?;
        let stored = into.store_block(upload, &bytes);
        stored.map_err(|error| PersonError::from(error).into())
    });
    let stored = stored
        .await
        .unwrap_or_else(|error| Err(RegisterError::Rows(error.to_string())));
    let taken = match stored {
        Ok(reference) => {
            let take = TakeUpload {
                begun: begin.clone(),
                rows: count,
                file,
                rows_at: reference.0,
            };
            let taken = platform
                .carry_out::<Register, _>(stream, take, whole)
                .await
                .map(|_| ());
            taken.map_err(RegisterError::from)
        }
        Err(error) => Err(error),
    };
    if taken.is_err() {
        delete(platform, &begin.register, upload, Over::Abandoned, cx).await?;
    }
    forget(platform, vault, cx).await?;
    taken
}

/// Deletes a register before its time.
///
/// # Errors
/// When ledger or vault fail.
pub async fn take_out(
    platform: &Platform,
    vault: &Vault,
    register: &str,
    upload: Uuid,
    cx: &Context,
) -> Result<(), RegisterError> {
    delete(platform, register, upload, Over::Withdrawn, cx).await?;
    forget(platform, vault, cx).await
}

/// Deletes what is past its last day, and destroys the keys of all that was deleted: at every start and midnight.
///
/// # Errors
/// When ledger or vault fail; the next round tries again.
pub async fn keep_time(
    platform: &Platform,
    vault: &Vault,
    today: Date,
    cx: &Context,
) -> Result<(), RegisterError> {
    let today = today.to_string();
    let all = platform.query(listed).map_err(CommandError::from)?;
    for one in all.iter().filter(|one| one.expires < today) {
        delete(platform, &one.register, one.upload, Over::Expired, cx).await?;
    }
    forget(platform, vault, cx).await
}

async fn delete(
    platform: &Platform,
    register: &str,
    upload: Uuid,
    why: Over,
    cx: &Context,
) -> Result<(), CommandError> {
    let delete = Of(register.to_owned(), DeleteUpload { upload, why });
    platform
        .carry_out::<Register, _>(stream(register), delete, cx)
        .await?;
    Ok(())
}

/// Destroys the keys of what was deleted. The event stands first, so a crash in between is made good by the next round.
async fn forget(platform: &Platform, vault: &Vault, cx: &Context) -> Result<(), RegisterError> {
    let before = cx.at.as_millisecond() - STORING;
    let all = platform
        .query(|connection| to_forget(connection, before))
        .map_err(CommandError::from)?;
    for (register, upload, is_left_over) in all {
        if is_left_over {
            delete(platform, &register, upload, Over::Abandoned, cx).await?;
        }
        let reason = format!("register {register}");
        platform.erase_person(vault, upload, &reason, cx).await?;
    }
    Ok(())
}

/// The stream of a kind.
fn stream(register: &str) -> Uuid {
    // Cannot fail: rows are read, and uploads written, of known kinds only.
    register_id(register).unwrap_or_default()
}
