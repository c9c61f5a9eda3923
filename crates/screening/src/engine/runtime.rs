//! The threads of a run. Letting go of them never waits: a statement may be stuck inside one function
//! that looks at no clock, and nothing can stop it but the end of the program.

use std::ops::Deref;

use tokio::runtime::Runtime;

use super::failure::EngineError;

/// A runtime that ends in the background.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn new(count: usize) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(count.max(1))
            .thread_stack_size(16 << 20)
            .enable_time()
            .build()
            .map_err(|error| EngineError::Machine(error.to_string()))?;
        Ok(Self(Some(runtime)))
    }
}

impl Deref for Threads {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        // Cannot fail: only dropping takes the runtime.
        #[expect(clippy::expect_used)]
        self.0.as_ref().expect("a runtime until it is dropped")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
