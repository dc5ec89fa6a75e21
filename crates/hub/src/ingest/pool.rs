//! Threads for cryptography: as many at once as there are cores, never the threads that serve requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::IngestError;

/// A bound on how much is verified at once.
pub(crate) struct Pool {
    slots: Arc<Semaphore>,
}

impl Pool {
    /// A pool of `threads`; 0 means one for each core.
    pub(crate) fn new(threads: usize) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Self { slots: Arc::new(Semaphore::new(if threads == 0 { cores() } else { threads })) }
    }

    /// Runs `work` on a blocking thread once a slot is free. The slot is held until the work ends, even if nobody waits for it
    /// any more: a client that hangs up frees no core.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IngestError> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| IngestError::Thread)?;
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await.map_err(|_| IngestError::Thread)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn no_more_work_runs_at_once_than_there_are_slots() {
        let pool = Arc::new(Pool::new(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs: Vec<_> = (0..8)
            .map(|_| {
                let (pool, running, most) = (pool.clone(), running.clone(), most.clone());
                tokio::spawn(async move {
                    let work = move || {
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                        running.fetch_sub(1, Ordering::SeqCst);
                    };
                    pool.run(work).await.unwrap();
                })
            })
            .collect();
        for job in jobs {
            job.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_in_the_work_is_an_error_and_frees_the_slot() {
        let pool = Pool::new(1);
        assert!(pool.run(|| panic!("work failed")).await.is_err());
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }
}
