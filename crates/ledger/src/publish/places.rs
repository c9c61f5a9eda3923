//! All places that keep checkpoints for this ledger, and the loop that brings them up to date.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Folder, PublishError};
use crate::checkpoint::{Checkpoint, SigningKey, Trust};
use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::store::Reader;
use crate::witness::Witness;

/// How often the loop looks whether there is something new, and how long it rests after a round. With a
/// witness's time limit of 3 s this keeps a batch from waiting longer than 5 s.
const LOOK: Duration = Duration::from_millis(100);
const REST: Duration = Duration::from_millis(900);

/// The longest pause between two tries at a place that fails.
const MOST: Duration = Duration::from_mins(1);

/// Where checkpoints go.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// A folder elsewhere, which gets tiles and leaves too.
    pub folder: Option<Folder>,
    /// Witnesses.
    pub witnesses: Vec<Witness>,
}

impl Places {
    /// Holds the ledger against every place, before it is started: is it older than what they know? Gives
    /// what could not be asked; that alone keeps nobody from working.
    ///
    /// # Errors
    /// [`PublishError::Behind`] or [`PublishError::Forked`]: then the ledger must not be started.
    /// [`PublishError::Foreign`] or [`PublishError::File`] for a folder that cannot be read.
    pub fn check(
        &self,
        reader: &mut dyn Reader,
        key: &SigningKey,
    ) -> Result<Vec<PublishError>, PublishError> {
        let trust = Trust::ledger(key.verifier());
        if let Some(folder) = &self.folder {
            folder.check(reader, &trust)?;
        }
        let newest = match reader.checkpoint()? {
            Some(newest) => newest,
            // An empty ledger asks too: somebody may have made it empty.
            None => key
                .sign(0, tlog_tiles::tlog::EMPTY_HASH)
                .map_err(|error| StoreError::damaged(0, error.to_string()))?,
        };
        let mut unasked = Vec::new();
        for witness in &self.witnesses {
            match witness.submit(reader, &newest, &trust) {
                Ok(_) => {}
                Err(error @ (PublishError::Behind { .. } | PublishError::Forked { .. })) => {
                    return Err(error);
                }
                Err(error @ PublishError::Witness { .. }) => unasked.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(unasked)
    }
}

/// How far publication has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The size that the folder has.
    pub folder: Option<u64>,
    /// The size that a witness has cosigned last.
    pub witnessed: Option<u64>,
    /// What does not work at the moment, place by place.
    pub problems: Vec<String>,
}

/// Publishes a ledger while it grows, on a thread of its own. Stopped before the ledger is closed.
pub struct Publisher {
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
    state: watch::Receiver<Published>,
}

impl Publisher {
    /// Starts publishing.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(ledger: &Ledger, places: Places) -> Result<Self, StoreError> {
        let (stop, stopped) = mpsc::channel();
        let (tell, state) = watch::channel(Published::default());
        let newest = ledger.checkpoints();
        let work = Loop {
            ledger: ledger.clone(),
            pauses: vec![None; places.witnesses.len() + 1],
            places,
            tell,
        };
        let thread = crate::ledger::thread("ledger-publish", move || work.run(newest, &stopped))?;
        Ok(Self {
            stop,
            thread: Some(thread),
            state,
        })
    }

    /// How far it has come, now and whenever that changes.
    pub fn state(&self) -> watch::Receiver<Published> {
        self.state.clone()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // A thread that is gone already hears nothing.
        let _ = self.stop.send(());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Not before this moment, after a pause that long.
type Pause = Option<(Instant, Duration)>;

struct Loop {
    ledger: Ledger,
    places: Places,
    /// By witness, the folder's last.
    pauses: Vec<Pause>,
    tell: watch::Sender<Published>,
}

impl Loop {
    fn run(
        mut self,
        mut newest: watch::Receiver<Option<Checkpoint>>,
        stopped: &mpsc::Receiver<()>,
    ) {
        newest.mark_changed();
        let mut done = false;
        loop {
            // Whatever was appended until now is published before this thread ends.
            match stopped.recv_timeout(if done { REST } else { LOOK }) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    let checkpoint = newest.borrow_and_update().clone();
                    if let Some(checkpoint) = checkpoint.filter(|newest| self.lacks(newest)) {
                        self.round(&checkpoint);
                    }
                    return;
                }
            }
            let changed = newest.has_changed().unwrap_or(false);
            let again = self
                .pauses
                .iter()
                .flatten()
                .any(|(until, _)| *until <= Instant::now());
            done = changed || again;
            if done {
                let checkpoint = newest.borrow_and_update().clone();
                if let Some(checkpoint) = checkpoint {
                    self.round(&checkpoint);
                }
            }
        }
    }

    fn lacks(&self, newest: &Checkpoint) -> bool {
        let state = self.tell.borrow();
        let size = Some(newest.size);
        self.places.folder.is_some() && state.folder != size
            || !self.places.witnesses.is_empty() && state.witnessed != size
    }

    /// Witnesses first and at once, so that the folder gets their cosignatures.
    fn round(&mut self, newest: &Checkpoint) {
        let ready = |pause: &Pause| pause.is_none_or(|(until, _)| until <= Instant::now());
        let (ledger, pauses) = (&self.ledger, &self.pauses);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = self
                .places
                .witnesses
                .iter()
                .zip(pauses)
                .map(|(witness, pause)| {
                    ready(pause).then(|| scope.spawn(move || submit(ledger, witness, newest)))
                })
                .collect();
            // A panic in there has told nobody anything, and is tried again.
            asked
                .into_iter()
                .map(|asked| asked.and_then(|asked| asked.join().ok()))
                .collect()
        });
        let mut state = self.tell.borrow().clone();
        let mut problems = Vec::new();
        let mut cosigned: Option<Checkpoint> = None;
        for (number, answer) in answers.into_iter().enumerate() {
            match answer {
                Some(Ok(answer)) => {
                    self.pauses[number] = None;
                    cosigned = Some(merged(cosigned, answer));
                }
                Some(Err(problem)) => {
                    self.pauses[number] = Some(longer(self.pauses[number]));
                    problems.push(problem.to_string());
                }
                None => problems.push(format!(
                    "{}: asked again later",
                    self.places.witnesses[number].url()
                )),
            }
        }
        if let Some(cosigned) = &cosigned {
            match self.ledger.keep_cosigned(cosigned.clone()) {
                Ok(()) => state.witnessed = Some(cosigned.size),
                Err(problem) => problems.push(problem.to_string()),
            }
        }
        let place = self.places.witnesses.len();
        if let Some(folder) = self
            .places
            .folder
            .as_ref()
            .filter(|_| ready(&self.pauses[place]))
        {
            let checkpoint = cosigned.as_ref().unwrap_or(newest);
            let trust = self.ledger.trust().clone();
            let published = self
                .ledger
                .read(|reader| Ok(folder.publish_at(reader, &trust, checkpoint)))
                .map_err(PublishError::from)
                .and_then(|published| published);
            match published {
                Ok(()) => {
                    self.pauses[place] = None;
                    state.folder = Some(checkpoint.size);
                }
                Err(problem) => {
                    self.pauses[place] = Some(longer(self.pauses[place]));
                    problems.push(problem.to_string());
                }
            }
        }
        state.problems = problems;
        self.tell.send_if_modified(|known| {
            let changed = *known != state;
            *known = state;
            changed
        });
    }
}

fn submit(
    ledger: &Ledger,
    witness: &Witness,
    newest: &Checkpoint,
) -> Result<Checkpoint, PublishError> {
    let trust = ledger.trust().clone();
    ledger.read(|reader| Ok(witness.submit(reader, newest, &trust)))?
}

/// Both cosignatures when they are of one tree, else the larger one.
fn merged(known: Option<Checkpoint>, answer: Checkpoint) -> Checkpoint {
    let Some(known) = known else {
        return answer;
    };
    if known.size != answer.size {
        return if known.size > answer.size {
            known
        } else {
            answer
        };
    }
    known.joined(&answer).unwrap_or(known)
}

/// A pause twice as long as the last.
fn longer(last: Pause) -> (Instant, Duration) {
    let pause = last.map_or(Duration::from_secs(1), |(_, pause)| (pause * 2).min(MOST));
    (Instant::now() + pause, pause)
}
