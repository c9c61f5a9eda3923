//! The one writer: drains the queue, appends the batch, signs the tree, commits once, answers all.
//!
//! It runs on a thread of its own and holds the store. Deciding what is appended is not its business.

use std::collections::{HashMap, HashSet};
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

/// The most appends that share one commit, and the most bytes.
const BATCH_APPENDS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;

/// How long the writer tries to find out what became of a commit without an answer.
const SETTLE: Duration = Duration::from_secs(10);

/// Sealed events for one stream.
pub(crate) struct SealedWrite {
    pub stream: StreamName,
    pub expected: u64,
    /// How many events; `entries` are on loan to the batch while it is tried.
    pub count: u64,
    pub entries: Vec<Sealed>,
}

/// What one caller waits for.
pub(crate) struct Request {
    pub command: Option<Uuid>,
    pub writes: Vec<SealedWrite>,
    pub erasures: Vec<(u64, Part)>,
    pub answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// What the writer is asked for.
pub(crate) enum Job {
    Append(Request),
    /// To keep what witnesses said.
    Cosigned {
        checkpoint: Checkpoint,
        answer: std::sync::mpsc::SyncSender<Result<(), StoreError>>,
    },
}

impl Request {
    fn bytes(&self) -> usize {
        let entries = self.writes.iter().flat_map(|write| &write.entries);
        entries
            .map(|entry| entry.envelope.bytes.len() + entry.payload.bytes.len())
            .sum()
    }
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

/// A batch on its way, and who waits for it.
struct Prepared {
    batch: Batch,
    frontier: Frontier,
    accepted: Vec<(Request, Appended)>,
}

impl Writer {
    /// Works until nobody can send any more.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.blocking_recv()) {
            let first = match job {
                Job::Append(request) => request,
                Job::Cosigned { checkpoint, answer } => {
                    // Who no longer waits need not be told.
                    let _ = answer.send(self.store.keep_cosigned(&checkpoint));
                    continue;
                }
            };
            let mut bytes = first.bytes();
            let mut requests = vec![first];
            while requests.len() < BATCH_APPENDS && bytes < BATCH_BYTES {
                match queue.try_recv() {
                    Ok(Job::Append(request)) => {
                        bytes += request.bytes();
                        requests.push(request);
                    }
                    Ok(other) => {
                        next = Some(other);
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.append(requests);
        }
    }

    /// Appends what can be appended. A request that its projection refuses is answered so, and the
    /// others are tried again without it.
    fn append(&mut self, mut requests: Vec<Request>) {
        loop {
            let prepared = match self.prepare(requests) {
                Ok(Some(prepared)) => prepared,
                Ok(None) => return,
                Err((requests, error)) => return refuse(requests, &error),
            };
            let Prepared {
                batch,
                frontier,
                accepted,
            } = prepared;
            let committed = match self.store.commit(&batch) {
                Err(StoreError::Unsure { store, problem }) => self.settle(&batch, store, problem),
                settled => settled,
            };
            match committed {
                Ok(()) => {
                    // A crash here leaves the batch on disk and its writers without an answer: they
                    // ask again with their command's id and are told `Repeated`.
                    self.frontier = frontier;
                    if let Some(checkpoint) = batch.checkpoint {
                        announce(&self.newest, checkpoint);
                    }
                    for (request, appended) in accepted {
                        // Who no longer waits need not be told.
                        let _ = request.answer.send(Ok(appended));
                    }
                    return;
                }
                Err(StoreError::Projection { position, problem }) => {
                    let (guilty, innocent): (Vec<_>, Vec<_>) = accepted
                        .into_iter()
                        .partition(|(_, appended)| appended.positions.contains(&position));
                    if guilty.is_empty() {
                        let error = StoreError::Projection { position, problem };
                        let requests = innocent.into_iter().map(|(request, _)| request);
                        return refuse(requests.collect(), &error);
                    }
                    for (request, _) in guilty {
                        let refusal = AppendError::Projection(problem.clone());
                        let _ = request.answer.send(Err(refusal));
                    }
                    requests = innocent
                        .into_iter()
                        .map(|(request, _)| request.with_entries(&batch))
                        .collect();
                    if requests.is_empty() {
                        return;
                    }
                }
                Err(error) => {
                    let requests = accepted.into_iter().map(|(request, _)| request);
                    return refuse(requests.collect(), &error);
                }
            }
        }
    }

    /// Looks up whether a batch was kept whose commit got no answer. Taking the ledger waits for whatever
    /// the server still does with it; after that the batch's checkpoint is there or will never be.
    fn settle(
        &mut self,
        batch: &Batch,
        store: &'static str,
        problem: String,
    ) -> Result<(), StoreError> {
        let until = Instant::now() + SETTLE;
        let Some(checkpoint) = &batch.checkpoint else {
            return Err(StoreError::Unsure { store, problem });
        };
        loop {
            if self.store.begin(&[], &[]).is_ok() {
                let found = self.reader.checkpoints(checkpoint.size, 1);
                self.store.rollback();
                if let Ok(found) = found {
                    let kept = found
                        .first()
                        .is_some_and(|found| found.note == checkpoint.note);
                    return if kept {
                        Ok(())
                    } else {
                        let problem = format!("nothing was kept: {problem}");
                        let full = false;
                        Err(StoreError::Database {
                            store,
                            problem,
                            full,
                        })
                    };
                }
            }
            if Instant::now() > until {
                return Err(StoreError::Unsure { store, problem });
            }
            std::thread::sleep(SETTLE / 50);
        }
    }

    /// Takes the ledger, checks every request against how it stands, and puts the batch together.
    /// Requests that cannot be appended are answered here.
    #[allow(clippy::type_complexity)]
    fn prepare(
        &mut self,
        requests: Vec<Request>,
    ) -> Result<Option<Prepared>, (Vec<Request>, StoreError)> {
        let mut streams = Vec::new();
        let mut places: HashMap<StreamName, usize> = HashMap::new();
        let mut commands = Vec::new();
        for request in &requests {
            commands.extend(request.command);
            for write in &request.writes {
                places.entry(write.stream.clone()).or_insert_with(|| {
                    streams.push(write.stream.clone());
                    streams.len() - 1
                });
            }
        }
        let standing = match self.store.begin(&streams, &commands) {
            Ok(standing) => standing,
            Err(error) => return Err((requests, error)),
        };
        // Another node appended since, or the last commit's end was not seen.
        if standing.size != self.frontier.size() {
            // What it left is verified before it is signed over.
            let edge =
                signed_edge(self.reader.as_mut(), &self.trust).and_then(|(frontier, newest)| {
                    if frontier.size() == standing.size {
                        return Ok((frontier, newest));
                    }
                    Err(StoreError::damaged(
                        standing.size.min(frontier.size()),
                        format!(
                            "the store counts {} entries, {} are signed",
                            standing.size,
                            frontier.size()
                        ),
                    ))
                });
            match edge {
                Ok((frontier, newest)) => {
                    self.frontier = frontier;
                    if let Some(newest) = newest {
                        announce(&self.newest, newest);
                    }
                }
                Err(error) => {
                    self.store.rollback();
                    return Err((requests, error));
                }
            }
        }
        let prepared = self.assemble(requests, standing, &places, &commands);
        if prepared.accepted.is_empty() {
            self.store.rollback();
            return Ok(None);
        }
        Ok(Some(prepared))
    }

    fn assemble(
        &self,
        requests: Vec<Request>,
        standing: Standing,
        places: &HashMap<StreamName, usize>,
        commands: &[Uuid],
    ) -> Prepared {
        let mut done: HashMap<Uuid, (u64, u64)> = commands
            .iter()
            .zip(&standing.done)
            .filter_map(|(id, done)| Some((*id, (*done)?)))
            .collect();
        let mut next = standing.next;
        let mut batch = Batch::default();
        let mut frontier = self.frontier.clone();
        let mut accepted = Vec::new();
        for mut request in requests {
            let repeated = request.command.and_then(|id| done.get(&id).copied());
            if let Some((first, count)) = repeated {
                let _ = request
                    .answer
                    .send(Err(AppendError::Repeated { first, count }));
                continue;
            }
            if let Some(conflict) = conflict(&request, &next, places) {
                let _ = request.answer.send(Err(conflict));
                continue;
            }
            let first = frontier.size();
            for write in &mut request.writes {
                next[places[&write.stream]] += write.entries.len() as u64;
                for mut entry in write.entries.drain(..) {
                    entry.recorded.position = frontier.size();
                    batch.tiles.extend(frontier.push(entry.hash));
                    batch.entries.push(entry);
                }
            }
            let positions = first..frontier.size();
            if let Some(id) = request.command {
                let count = positions.end - positions.start;
                done.insert(id, (first, count));
                batch.commands.push((id, first, count));
            }
            batch.erasures.append(&mut request.erasures.clone());
            accepted.push((
                request,
                Appended {
                    positions,
                    signed_at: 0,
                },
            ));
        }
        if !accepted.is_empty() {
            // Cannot fail: Ed25519 signs every message, and the origin was checked with the key.
            batch.checkpoint = self.key.sign(frontier.size(), frontier.root()).ok();
            for (_, appended) in &mut accepted {
                appended.signed_at = frontier.size();
            }
        }
        Prepared {
            batch,
            frontier,
            accepted,
        }
    }
}

impl Request {
    /// The request with its entries again, which the batch holds, for another try.
    fn with_entries(mut self, batch: &Batch) -> Self {
        let own: HashSet<&StreamName> = self.writes.iter().map(|write| &write.stream).collect();
        let entries: Vec<Sealed> = batch
            .entries
            .iter()
            .filter(|entry| own.contains(&entry.recorded.stream))
            .cloned()
            .collect();
        for write in &mut self.writes {
            write.entries = entries
                .iter()
                .filter(|entry| {
                    entry.recorded.stream == write.stream
                        && entry.recorded.version >= write.expected
                        && entry.recorded.version < write.expected + write.count
                })
                .cloned()
                .collect();
        }
        self
    }
}

/// The first write of a request that expects what is not so.
fn conflict(
    request: &Request,
    next: &[u64],
    places: &HashMap<StreamName, usize>,
) -> Option<AppendError> {
    let mut own: HashMap<&StreamName, u64> = HashMap::new();
    for write in &request.writes {
        let actual = own
            .get(&write.stream)
            .copied()
            .unwrap_or(next[places[&write.stream]]);
        if write.expected != actual {
            return Some(AppendError::Conflict {
                stream: write.stream.clone(),
                expected: write.expected,
                actual,
            });
        }
        own.insert(&write.stream, actual + write.count);
    }
    None
}

fn refuse(requests: Vec<Request>, error: &StoreError) {
    for request in requests {
        let _ = request.answer.send(Err(AppendError::Store(error.clone())));
    }
}
