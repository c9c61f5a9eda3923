//! The scene's operations for programs, below `/api/supervise/`: the same commands and queries as the pages', by the same
//! policies. Nobody's name is in an answer, nor a number of a person or an account; people are account ids, or 个人 A.

mod boundary;
mod cases;
mod cells;
mod decide;
mod declaration;
mod declared;
mod doubts;
mod export;
mod files;
mod filing;
mod flag;
mod history;
mod import;
mod numbers;
mod parameters;
mod projects;
mod questions;
mod queue;
mod reason;
mod registers;
mod rules;
mod views;
mod vouch;

use kandeng_platform::Decide;
use kandeng_platform::api::{CommandId, Done, Operations};
use kandeng_platform::page::{Asked, Problem, Routes, Site};
use serde_json::Value;
use uuid::Uuid;

/// What every command answers.
const DONE: &str = "已办,或本来如此 / Done, or so already";

fn operations() -> Operations {
    declaration::operations()
        .and(declared::operations())
        .and(projects::operations())
        .and(history::operations())
        .and(filing::operations())
        .and(files::operations())
        .and(boundary::operations())
        .and(vouch::operations())
        .and(doubts::operations())
        .and(queue::operations())
        .and(views::operations())
        .and(flag::operations())
        .and(decide::operations())
        .and(cases::operations())
        .and(questions::operations())
        .and(rules::operations())
        .and(parameters::operations())
        .and(numbers::operations())
        .and(registers::operations())
        .and(import::operations())
        .and(export::operations())
}

/// What answers them.
pub(crate) fn routes() -> Routes {
    operations().routes()
}

/// Their part of the document.
pub(crate) fn document() -> Value {
    operations().document()
}

/// The id of the path.
fn id(asked: &Asked) -> Uuid {
    // Cannot be missing: the route found its thing by it.
    asked.params.id("id").unwrap_or_else(Uuid::nil)
}

/// Carries out a command on the aggregate `id`, where the thing of the path lies.
async fn carry_out<A, C>(
    site: &Site,
    asked: &Asked,
    command: CommandId,
    id: Uuid,
    what: C,
) -> Result<Done, Problem>
where
    A: Decide<C>,
    C: Clone,
{
    let cx = command.context(site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site.platform().carry_out::<A, _>(id, what, &cx).await?;
    Ok(Done::from(&answer))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_shape_has_a_name_of_its_own() {
        let operations = super::operations();
        assert_eq!(operations.clashes(), <&[String]>::default());
    }
}
