//! One connection, used from any thread: a runtime of the store's own moves the bytes, the caller waits.
//!
//! Callers may be within an async runtime themselves, where a second one cannot be entered; so they wait
//! for answers by parking their thread, as they do for SQLite.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::runtime::Runtime;
use tokio_postgres::Client;

use super::address::{Address, Ears};
use super::failed;
use crate::error::StoreError;

/// The runtime that moves bytes for all connections of one store.
pub(super) struct Mover(Option<Runtime>);

impl Mover {
    pub(super) fn new() -> Result<Arc<Self>, StoreError> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("ledger-postgres")
            .enable_all()
            .build()
            .map(|runtime| Arc::new(Self(Some(runtime))))
            .map_err(|error| failed(error.to_string()))
    }

    /// Connects and prepares the session.
    pub(super) fn connect(
        &self,
        address: &Address,
        heard: Option<Ears>,
    ) -> Result<Client, StoreError> {
        // Cannot be nothing: it is taken when the mover is dropped.
        let runtime = self.0.as_ref().ok_or_else(|| failed("closed"))?;
        let address = address.clone();
        let (answer, answered) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let client = match address.connect(heard).await {
                Ok(client) => client
                    .batch_execute(SESSION)
                    .await
                    .map(|()| client)
                    .map_err(super::error),
                Err(error) => Err(error),
            };
            // Who no longer waits has no use for it.
            let _ = answer.send(client);
        });
        answered.recv().map_err(|_| failed("closed"))?
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        // The last handle may go within an async runtime, where waiting for another one is not allowed.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A commit is on the server's disk when it returns, whatever the server's defaults are; stronger settings
/// of the server's stay. A node that hangs with the ledger in hand loses it, and so does a statement that
/// does not end. Plans are made once, when tables may still be empty: so never a scan of all rows.
const SESSION: &str = "
select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') in ('off', 'local');
set lock_timeout = '20s';
set statement_timeout = '60s';
set idle_in_transaction_session_timeout = '20s';
set client_min_messages = 'warning';
set plan_cache_mode = force_generic_plan;
set enable_seqscan = off;
set jit = off;
";

/// Waits for an answer on this thread. The answer comes by way of the mover's thread.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            // Wakes that came before are remembered; wakes for no reason only poll once more.
            Poll::Pending => std::thread::park(),
        }
    }
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
