//! Asking a witness to cosign a checkpoint (C2SP tlog-witness): it keeps the largest tree that it has seen of
//! a ledger and signs only what continues it.
//!
//! The witness sees sizes, roots and times, nothing of what the entries say.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tlog_tiles::tlog::prove_tree;

use crate::checkpoint::{Checkpoint, Trust};
use crate::cosignature::CosignatureVerifier;
use crate::error::StoreError;
use crate::publish::PublishError;
use crate::receipt::ReaderTiles;
use crate::store::Reader;
use crate::tree::Hashes;

/// The most bytes of an answer; a cosignature has about 150.
const ANSWER: u64 = 16 * 1024;

/// A witness, by its address and key.
#[derive(Clone)]
pub struct Witness {
    url: String,
    verifier: String,
    agent: ureq::Agent,
    /// The longest time that all questions of one submission take together.
    most: Duration,
    /// The size that it has, as far as it said.
    known: Arc<AtomicU64>,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Witness({})", self.url)
    }
}

/// What a witness answered.
enum Answer {
    Cosigned(String),
    /// It stands at another size than it was told.
    Stands(u64),
    /// The proof does not hold for the tree that it has.
    Inconsistent,
    Refused(String),
}

impl Witness {
    /// The witness at `url` (what comes before `/add-checkpoint`) with the public key `verifier`
    /// (`name+id+key`).
    ///
    /// # Errors
    /// [`PublishError::Witness`] when the key is none.
    pub fn new(url: &str, verifier: &str) -> Result<Self, PublishError> {
        Self::with_timeout(url, verifier, Duration::from_secs(3))
    }

    /// The same, waited for no longer than `most`.
    ///
    /// # Errors
    /// As [`Witness::new`].
    pub fn with_timeout(url: &str, verifier: &str, most: Duration) -> Result<Self, PublishError> {
        let url = url.trim_end_matches('/').to_owned();
        CosignatureVerifier::parse(verifier).map_err(|error| PublishError::Witness {
            place: url.clone(),
            problem: error.to_string(),
        })?;
        Ok(Self {
            url,
            verifier: verifier.trim().to_owned(),
            agent: crate::http::agent(most),
            most,
            known: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its public key.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// Has the newest checkpoint cosigned, `checkpoint` or one that another node has signed since.
    ///
    /// # Errors
    /// [`PublishError::Behind`] when the witness has a larger tree than this ledger,
    /// [`PublishError::Forked`] when it has another one, [`PublishError::Witness`] when it cannot be
    /// reached or answers nonsense.
    pub fn submit(
        &self,
        reader: &mut dyn Reader,
        checkpoint: &Checkpoint,
        trust: &Trust,
    ) -> Result<Checkpoint, PublishError> {
        let mut checkpoint = checkpoint.clone();
        let mut old = self.known.load(Ordering::Relaxed).min(checkpoint.size);
        // It may be told the wrong size once, and other nodes may come in between a few times.
        let until = Instant::now() + self.most;
        for _ in 0..4 {
            match self.ask(reader, &checkpoint, old, until)? {
                Answer::Cosigned(lines) => {
                    let cosigned = self.believe(&checkpoint, &lines, trust)?;
                    self.known.store(checkpoint.size, Ordering::Relaxed);
                    return Ok(cosigned);
                }
                Answer::Stands(theirs) if theirs > checkpoint.size => {
                    let newest = reader.checkpoint()?.filter(|newest| newest.size >= theirs);
                    let Some(newest) = newest else {
                        return Err(PublishError::Behind {
                            ours: checkpoint.size,
                            theirs,
                            place: self.url.clone(),
                        });
                    };
                    checkpoint = newest;
                    old = theirs;
                }
                // It was told its own size, so it is the root that it does not agree with.
                Answer::Stands(theirs) if theirs == old => return Err(self.forked(theirs)),
                Answer::Stands(theirs) => old = theirs,
                Answer::Inconsistent => return Err(self.forked(old)),
                Answer::Refused(problem) => return Err(self.failed(problem)),
            }
        }
        Err(self.failed("it changes its mind".to_owned()))
    }

    fn ask(
        &self,
        reader: &mut dyn Reader,
        checkpoint: &Checkpoint,
        old: u64,
        until: Instant,
    ) -> Result<Answer, PublishError> {
        let mut body = format!("old {old}\n");
        if old > 0 && old < checkpoint.size {
            let tiles = ReaderTiles::new(reader);
            let hashes = Hashes::new(&tiles, checkpoint.size);
            let proof = prove_tree(checkpoint.size, old, &hashes)
                .map_err(|error| StoreError::damaged(old, error.to_string()))?;
            for hash in proof {
                body.push_str(&BASE64_STANDARD.encode(hash.0));
                body.push('\n');
            }
        }
        body.push('\n');
        body.push_str(&checkpoint.note);
        let away = |error: ureq::Error| self.failed(error.to_string());
        let mut answer = self
            .agent
            .post(format!("{}/add-checkpoint", self.url))
            .content_type("text/plain; charset=utf-8")
            .config()
            // Zero would be no limit at all.
            .timeout_global(Some(
                until
                    .saturating_duration_since(Instant::now())
                    .max(Duration::from_millis(1)),
            ))
            .build()
            .send(body)
            .map_err(away)?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .with_config()
            .limit(ANSWER)
            .read_to_string()
            .map_err(away)?;
        Ok(match status {
            200 => Answer::Cosigned(text),
            409 => match text.trim().parse() {
                Ok(size) => Answer::Stands(size),
                Err(_) => Answer::Refused("it stands elsewhere and does not say where".to_owned()),
            },
            422 => Answer::Inconsistent,
            404 => Answer::Refused("it does not know this ledger".to_owned()),
            403 => Answer::Refused("it does not know this ledger's key".to_owned()),
            other => Answer::Refused(format!("it answered {other}")),
        })
    }

    /// The checkpoint with its cosignature, which must hold.
    fn believe(
        &self,
        checkpoint: &Checkpoint,
        lines: &str,
        trust: &Trust,
    ) -> Result<Checkpoint, PublishError> {
        let wrong = |error: crate::CheckpointError| self.failed(error.to_string());
        let cosigned = checkpoint.with_signatures(lines).map_err(wrong)?;
        let trust = Trust {
            ledger: trust.ledger.clone(),
            witnesses: vec![self.verifier.clone()],
        };
        let verified = trust.verify(&cosigned.note).map_err(wrong)?;
        if verified.witnessed.is_empty() {
            return Err(self.failed("its cosignature is not by its key".to_owned()));
        }
        Ok(cosigned)
    }

    fn forked(&self, size: u64) -> PublishError {
        PublishError::Forked {
            size,
            place: self.url.clone(),
        }
    }

    fn failed(&self, problem: String) -> PublishError {
        PublishError::Witness {
            place: self.url.clone(),
            problem,
        }
    }
}
