//! From requests to a batch: who is appended, who is refused, and the tree over it. Touches no database.

use std::collections::HashMap;

use uuid::Uuid;

use super::Request;
use crate::error::{AppendError, EventError};
use crate::event::StreamName;
use crate::ledger::Appended;
use crate::store::{Batch, Standing};
use crate::tree::Frontier;

/// Streams and commands that the requests of a batch ask for, each stream once.
pub(super) struct Asked {
    pub streams: Vec<StreamName>,
    pub commands: Vec<Uuid>,
}

impl Asked {
    /// Notes in each write the place of its stream.
    pub(super) fn by(requests: &mut [Request]) -> Self {
        let mut streams = Vec::with_capacity(requests.len());
        let mut places = HashMap::with_capacity(requests.len());
        let mut commands = Vec::new();
        for request in requests {
            commands.extend(request.command);
            for write in &mut request.writes {
                write.place = *places.entry(write.stream.clone()).or_insert_with(|| {
                    streams.push(write.stream.clone());
                    streams.len() - 1
                });
            }
        }
        Self { streams, commands }
    }
}

/// A batch, and what its requests are told if it is kept. If it is not, none of this is true: whoever is
/// refused may be so on account of another request of the same batch.
pub(super) struct Assembled {
    pub batch: Batch,
    pub frontier: Frontier,
    pub accepted: Vec<(Request, Appended)>,
    pub refused: Vec<(Request, AppendError)>,
}

pub(super) fn assemble(
    requests: Vec<Request>,
    asked: &Asked,
    standing: Standing,
    frontier: &Frontier,
) -> Assembled {
    let known = asked.commands.iter().zip(&standing.done);
    let mut done: HashMap<Uuid, (u64, u64)> = known
        .filter_map(|(id, done)| Some((*id, (*done)?)))
        .collect();
    let mut next = standing.next;
    let mut assembled = Assembled {
        batch: Batch::default(),
        frontier: frontier.clone(),
        accepted: Vec::with_capacity(requests.len()),
        refused: Vec::new(),
    };
    for request in requests {
        match refusal(&request, &done, &mut next, assembled.frontier.size()) {
            Some(refusal) => assembled.refused.push((request, refusal)),
            None => assembled.accept(request, &mut done),
        }
    }
    let signed_at = assembled.frontier.size();
    for (_, appended) in &mut assembled.accepted {
        appended.signed_at = signed_at;
    }
    assembled
}

impl Assembled {
    fn accept(&mut self, mut request: Request, done: &mut HashMap<Uuid, (u64, u64)>) {
        let first = self.frontier.size();
        for write in &mut request.writes {
            for mut entry in write.entries.drain(..) {
                entry.recorded.position = self.frontier.size();
                self.batch.tiles.extend(self.frontier.push(entry.hash));
                self.batch.entries.push(entry);
            }
        }
        let positions = first..self.frontier.size();
        if let Some(id) = request.command {
            let count = positions.end - positions.start;
            done.insert(id, (first, count));
            self.batch.commands.push((id, first, count));
        }
        self.batch.erasures.extend_from_slice(&request.erasures);
        let appended = Appended {
            positions,
            signed_at: 0,
        };
        self.accepted.push((request, appended));
    }

    /// The requests again, without their batch: those that were accepted, and those that were refused.
    pub(super) fn apart(self) -> (Vec<(Request, Appended)>, Vec<Request>) {
        let mut entries = self.batch.entries.into_iter();
        let mut accepted = self.accepted;
        for (request, _) in &mut accepted {
            for write in &mut request.writes {
                let own = entries.by_ref().take(write.count as usize);
                write.entries.extend(own);
            }
        }
        let refused = self.refused.into_iter().map(|(request, _)| request);
        (accepted, refused.collect())
    }
}

/// Why a request cannot be appended; otherwise `next` is where its streams stand after it.
fn refusal(
    request: &Request,
    done: &HashMap<Uuid, (u64, u64)>,
    next: &mut [u64],
    size: u64,
) -> Option<AppendError> {
    if let Some((first, count)) = request.command.and_then(|id| done.get(&id).copied()) {
        return Some(AppendError::Repeated { first, count });
    }
    // An event that tells of an erasure to come would let the entry be dropped in silence later.
    if let Some((position, _)) = request.erasures.iter().find(|(at, _)| *at >= size) {
        return Some(EventError::NoEntry(*position).into());
    }
    for (number, write) in request.writes.iter().enumerate() {
        let actual = next[write.place];
        if write.expected != actual {
            for earlier in &request.writes[..number] {
                next[earlier.place] -= earlier.count;
            }
            return Some(AppendError::Conflict {
                stream: write.stream.clone(),
                expected: write.expected,
                actual,
            });
        }
        next[write.place] += write.count;
    }
    None
}
