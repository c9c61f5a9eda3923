//! Cases: opened on flags, read with a trace, worked on, closed with an outcome.

mod list;
mod one;
mod step;

use kandeng_platform::api::Operations;

pub(super) fn operations() -> Operations {
    list::operations()
        .and(one::operations())
        .and(step::operations())
}
