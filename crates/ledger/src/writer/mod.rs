//! The one writer: drains the queue, appends the batch, signs the tree, commits once, answers all.
//!
//! It runs on a thread of its own and holds the store. Deciding what is appended is not its business.

mod assemble;
mod gather;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::checkpoint::{Checkpoint, SigningKey, Trust};
use crate::edge::signed_edge;
use crate::error::{AppendError, StoreError};
use crate::event::StreamName;
use crate::follow::announce;
use crate::leaf::{Part, Sealed};
use crate::ledger::Appended;
use crate::store::{Batch, Reader, Standing, Store};
use crate::tree::Frontier;
use assemble::{Asked, Assembled, assemble};
pub(crate) use gather::Bell;
use gather::Gather;

/// How long the writer tries to find out what became of a commit without an answer.
const SETTLE: Duration = Duration::from_secs(10);

/// Sealed events for one stream.
pub(crate) struct SealedWrite {
    pub stream: StreamName,
    pub expected: u64,
    /// How many events; `entries` are on loan to the batch while it is tried.
    pub count: u64,
    pub entries: Vec<Sealed>,
    /// The place of the stream among those that a batch asks for.
    pub place: usize,
}

/// What one caller waits for.
pub(crate) struct Request {
    pub command: Option<Uuid>,
    pub writes: Vec<SealedWrite>,
    pub erasures: Vec<(u64, Part)>,
    pub answer: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Request {
    fn bytes(&self) -> usize {
        let entries = self.writes.iter().flat_map(|write| &write.entries);
        entries
            .map(|entry| entry.envelope.bytes.len() + entry.payload.bytes.len())
            .sum()
    }
}

/// What witnesses said, to be kept.
pub(crate) struct Cosigned {
    pub checkpoint: Checkpoint,
    pub answer: std::sync::mpsc::SyncSender<Result<(), StoreError>>,
}

/// What the writer is asked for.
pub(crate) enum Job {
    Append(Request),
    Cosigned(Cosigned),
}

pub(crate) struct Writer {
    // Dropped before the store, whose connection empties the WAL when it is the last to go.
    pub reader: Box<dyn Reader>,
    pub store: Box<dyn Store>,
    pub key: SigningKey,
    pub trust: Trust,
    /// The right edge of the tree, as far as this writer knows it.
    pub frontier: Frontier,
    pub newest: watch::Sender<Option<Checkpoint>>,
}

/// Answers that are true by now and not yet given, and what nobody needs any more once they are.
#[derive(Default)]
struct Answers {
    given: Vec<(Request, Result<Appended, AppendError>)>,
    spent: Option<Batch>,
}

impl Answers {
    fn refuse(&mut self, requests: impl IntoIterator<Item = Request>, error: &StoreError) {
        let refused = requests
            .into_iter()
            .map(|request| (request, Err(AppendError::Store(error.clone()))));
        self.given.extend(refused);
    }

    fn give(self) {
        let (answers, rest): (Vec<_>, Vec<_>) = self
            .given
            .into_iter()
            .map(|(request, answer)| ((request.answer, answer), request.writes))
            .unzip();
        for (waiting, answer) in answers {
            // Who no longer waits need not be told.
            let _ = waiting.send(answer);
        }
        drop((rest, self.spent));
    }
}

impl Writer {
    /// Works until nobody can send any more.
    pub(crate) fn run(mut self, queue: mpsc::Receiver<Job>, bell: Arc<Bell>) {
        let mut gather = Gather::new(queue, bell);
        while let Some((appends, cosigned)) = gather.next() {
            for Cosigned { checkpoint, answer } in cosigned {
                // Who no longer waits need not be told.
                let _ = answer.send(self.keep_cosigned(&checkpoint));
            }
            if appends.is_empty() {
                continue;
            }
            let start = Instant::now();
            let answers = self.append(appends);
            gather.done(answers.given.len(), start.elapsed());
            answers.give();
        }
    }

    /// Appends what can be appended. A request that its projection refuses is answered so, and the
    /// others are tried again without it.
    fn append(&mut self, mut requests: Vec<Request>) -> Answers {
        let mut answers = Answers::default();
        while !requests.is_empty() {
            let asked = Asked::by(&mut requests);
            let standing = match self.take(&asked) {
                Ok(standing) => standing,
                Err(error) => {
                    answers.refuse(requests, &error);
                    break;
                }
            };
            let guessed = standing.guessed;
            let mut assembled = assemble(requests, &asked, standing, &self.frontier);
            let kept = if assembled.accepted.is_empty() {
                self.store.rollback();
                // Nobody is refused on a guess.
                if guessed {
                    Err(StoreError::Overtaken)
                } else {
                    Ok(())
                }
            } else {
                self.keep(&mut assembled)
            };
            let (position, problem) = match kept {
                Ok(()) => {
                    // A crash here leaves the batch on disk and its writers without an answer: they
                    // ask again with their command's id and are told `Repeated`.
                    let accepted = assembled.accepted.into_iter();
                    answers
                        .given
                        .extend(accepted.map(|(request, appended)| (request, Ok(appended))));
                    let refused = assembled.refused.into_iter();
                    answers
                        .given
                        .extend(refused.map(|(request, refusal)| (request, Err(refusal))));
                    answers.spent = Some(assembled.batch);
                    break;
                }
                Err(StoreError::Projection { position, problem }) => (position, problem),
                // Begun again with the ledger in hand, so once.
                Err(StoreError::Overtaken) => {
                    let (accepted, refused) = assembled.apart();
                    let accepted = accepted.into_iter().map(|(request, _)| request);
                    requests = accepted.chain(refused).collect();
                    continue;
                }
                Err(error) => {
                    let (accepted, refused) = assembled.apart();
                    let accepted = accepted.into_iter().map(|(request, _)| request);
                    answers.refuse(accepted.chain(refused), &error);
                    break;
                }
            };
            let (accepted, refused) = assembled.apart();
            let (guilty, innocent): (Vec<_>, Vec<_>) = accepted
                .into_iter()
                .partition(|(_, appended)| appended.positions.contains(&position));
            let innocent = innocent.into_iter().map(|(request, _)| request);
            if guilty.is_empty() {
                let error = StoreError::Projection { position, problem };
                answers.refuse(innocent.chain(refused), &error);
                break;
            }
            for (request, _) in guilty {
                let refusal = AppendError::Projection(problem.clone());
                answers.given.push((request, Err(refusal)));
            }
            // Also those that were refused: perhaps only on account of the guilty one.
            requests = innocent.chain(refused).collect();
        }
        answers
    }

    /// Takes the ledger and says how it stands. What others appended meanwhile is verified before it is signed
    /// over.
    fn take(&mut self, asked: &Asked) -> Result<Standing, StoreError> {
        let standing = self.store.begin(&asked.streams, &asked.commands)?;
        // Another node appended since, or the last commit's end was not seen.
        if standing.size != self.frontier.size()
            && let Err(error) = self.catch_up(standing.size)
        {
            self.store.rollback();
            return Err(error);
        }
        Ok(standing)
    }

    fn catch_up(&mut self, size: u64) -> Result<(), StoreError> {
        let (frontier, newest) = signed_edge(self.reader.as_mut(), &self.trust)?;
        if frontier.size() != size {
            return Err(StoreError::damaged(
                size.min(frontier.size()),
                format!(
                    "the store counts {size} entries, {} are signed",
                    frontier.size()
                ),
            ));
        }
        self.frontier = frontier;
        if let Some(newest) = newest {
            announce(&self.newest, newest);
        }
        Ok(())
    }

    /// Signs the batch's tree and commits it.
    fn keep(&mut self, assembled: &mut Assembled) -> Result<(), StoreError> {
        let frontier = &assembled.frontier;
        let checkpoint = match self.key.sign(frontier.size(), frontier.root()) {
            Ok(checkpoint) => checkpoint,
            // What cannot be signed is not kept.
            Err(error) => {
                self.store.rollback();
                return Err(StoreError::damaged(frontier.size(), error.to_string()));
            }
        };
        assembled.batch.checkpoint = Some(checkpoint.clone());
        match self.store.commit(&assembled.batch) {
            Err(StoreError::Unsure { store, problem }) => {
                self.settle(&checkpoint, store, problem)?;
            }
            committed => committed?,
        }
        self.frontier = std::mem::take(&mut assembled.frontier);
        announce(&self.newest, checkpoint);
        Ok(())
    }

    /// Keeps what witnesses said of a checkpoint of this ledger, beside what others said of it before.
    fn keep_cosigned(&mut self, cosigned: &Checkpoint) -> Result<(), StoreError> {
        let size = cosigned.size;
        let wrong = |problem: String| StoreError::damaged(size, problem);
        let of = |found: Vec<Checkpoint>| found.into_iter().find(|found| found.size == size);
        let signed = of(self.reader.checkpoints(size, 1)?);
        if signed.is_none_or(|signed| signed.root != cosigned.root) {
            return Err(wrong(
                "a cosigned checkpoint that is none of this ledger".to_owned(),
            ));
        }
        let joined = match of(self.reader.cosigned(size, 1)?) {
            Some(known) => known
                .joined(cosigned)
                .map_err(|error| wrong(error.to_string()))?,
            None => cosigned.clone(),
        };
        self.store.keep_cosigned(&joined)
    }

    /// Looks up whether a batch was kept whose commit got no answer. Taking the ledger waits for whatever
    /// the server still does with it; after that the batch's checkpoint is there or will never be.
    fn settle(
        &mut self,
        checkpoint: &Checkpoint,
        store: &'static str,
        problem: String,
    ) -> Result<(), StoreError> {
        let until = Instant::now() + SETTLE;
        loop {
            if self.store.begin(&[], &[]).is_ok() {
                let found = self.reader.checkpoints(checkpoint.size, 1);
                self.store.rollback();
                if let Ok(found) = found {
                    let kept = found
                        .first()
                        .is_some_and(|found| found.note == checkpoint.note);
                    if kept {
                        return Ok(());
                    }
                    return Err(StoreError::Database {
                        store,
                        problem: format!("nothing was kept: {problem}"),
                        full: false,
                    });
                }
            }
            if Instant::now() > until {
                return Err(StoreError::Unsure { store, problem });
            }
            std::thread::sleep(SETTLE / 50);
        }
    }
}
