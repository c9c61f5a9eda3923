//! What every loop of a node does between two rounds: it waits for the next instant that concerns it, or for
//! news from the ledger, whichever comes first.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::StoreError;

use crate::platform::{CommandError, Platform};

/// How long a round waits that the store let down.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Does rounds until the ledger is closed. Each round does what is due and says when the next thing will be;
/// nothing when only news can bring one.
///
/// News that arrives while a round is at work starts another: it is marked as seen before the round, never
/// after.
///
/// A disk that is full, a database that is away for a while and writers that are too many are waited out: the round is
/// done again until it works.
///
/// # Errors
/// What a round gives back that no waiting mends.
pub async fn rounds<R>(
    platform: &Platform,
    mut round: impl FnMut() -> R,
) -> Result<(), CommandError>
where
    R: Future<Output = Result<Option<Timestamp>, CommandError>>,
{
    let mut news = platform.news();
    loop {
        news.borrow_and_update();
        let next = match round().await {
            Ok(next) => next,
            Err(error) if passes(&error) => {
                tracing::error!(%error, "a round could not be done; it is tried again");
                Some(platform.clock().now() + PAUSE)
            }
            Err(error) => return Err(error),
        };
        let open = match next {
            None => news.changed().await.is_ok(),
            Some(next) => tokio::select! {
                () = platform.clock().sleep_until(next) => true,
                changed = news.changed() => changed.is_ok(),
            },
        };
        if !open {
            return Ok(());
        }
    }
}

/// Whether the same may work in a while.
fn passes(error: &CommandError) -> bool {
    matches!(
        error,
        CommandError::Store(StoreError::Database { .. } | StoreError::Unsure { .. })
            | CommandError::Busy
            | CommandError::Contended(_)
    )
}
