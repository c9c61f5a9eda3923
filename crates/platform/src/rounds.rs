//! What every loop of a node does between two rounds: it waits for the next instant that concerns it, or for
//! news from the ledger, whichever comes first.

use std::future::Future;

use jiff::Timestamp;

use crate::platform::{CommandError, Platform};

/// Does rounds until the ledger is closed. Each round does what is due and says when the next thing will be;
/// nothing when only news can bring one.
///
/// News that arrives while a round is at work starts another: it is marked as seen before the round, never
/// after.
///
/// # Errors
/// What a round gives back.
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
        let open = match round().await? {
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
