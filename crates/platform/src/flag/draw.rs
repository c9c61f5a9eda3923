//! The random sample: open flags that are looked at whatever their rank.

use kandeng_ledger::StreamName;

use super::{Draw, Flag};
use crate::context::Context;
use crate::platform::{CommandError, Platform};

/// Of so many open flags one is in the sample, and at least one.
pub const DRAWN_SHARE: u32 = 10;

/// Draws until one of [`DRAWN_SHARE`] open flags is in the sample; how many were drawn.
///
/// A flag's stream is named by a keyed hash, so the first names in their order are a uniform draw that nobody
/// can steer without the key, and that two nodes make alike. A flag that is decided on leaves the sample.
///
/// # Errors
/// When the store fails; what was drawn by then stays.
pub async fn draw(platform: &Platform, cx: &Context) -> Result<usize, CommandError> {
    let (open, drawn): (u32, u32) = platform.query(|connection| {
        connection.query_row(
            "select count(*), count(*) filter (where drawn = 1) from flags where state = 'open'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    })?;
    let wanted = open.div_ceil(DRAWN_SHARE).saturating_sub(drawn);
    if wanted == 0 {
        return Ok(0);
    }
    let names: Vec<String> = platform.query(|connection| {
        let mut select = connection.prepare_cached(
            "select stream from flags where state = 'open' and drawn = 0 order by stream limit ?1",
        )?;
        select.query_map([wanted], |row| row.get(0))?.collect()
    })?;
    let streams = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<Vec<StreamName>, _>>()?;
    let cx = Context {
        command: None,
        ..cx.clone()
    };
    platform
        .append(&cx, |plan| {
            streams
                .iter()
                .try_for_each(|stream| plan.decide::<Flag, _>(stream.clone(), Draw))
        })
        .await?;
    Ok(streams.len())
}
