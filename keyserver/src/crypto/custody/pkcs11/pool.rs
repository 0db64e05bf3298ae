//! Threads that talk to the token, one session each.
//!
//! *Invariant:* no thread that serves requests waits inside the module; what waits for the token is bounded in number and time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::oneshot, time::timeout};

use super::{connection::Connection, fault::Fault, module::Module, probe::Abilities};
use crate::{error::Error, keys::environment::Clock};

/// Calls that wait for a session. More would only wait longer than anybody wants to.
const MAX_WAITING: usize = 4096;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a token that was not there is taken to be away.
const AWAY: SignedDuration = SignedDuration::from_secs(1);

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// The threads, by their queue; they end with it.
pub(super) struct Pool {
    queue: Option<SyncSender<Job>>,
    /// Closed when all threads have left the module.
    left: Mutex<Receiver<()>>,
}

impl Drop for Pool {
    /// Waits for the threads: when the process ends, a module takes itself apart under those that are still inside.
    fn drop(&mut self) {
        drop(self.queue.take());
        let left = self.left.get_mut().unwrap_or_else(PoisonError::into_inner);
        if left.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::error!("the token did not answer until the end");
        }
    }
}

impl Pool {
    /// Starts a thread for each session; the first begins with the connection there is.
    pub(super) fn start(
        module: Module,
        first: Connection,
        sessions: usize,
        clock: &Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::sync_channel::<Job>(MAX_WAITING);
        let (jobs, module, abilities) = (Arc::new(Mutex::new(jobs)), Arc::new(module), first.abilities);
        let (inside, left) = mpsc::channel::<()>();
        let mut first = Some(first);
        for number in 0..sessions.max(1) {
            let (jobs, module, clock) = (Arc::clone(&jobs), Arc::clone(&module), Arc::clone(clock));
            let mut worker = Worker { module, clock, abilities, connection: first.take(), away: None };
            let inside = inside.clone();
            thread::Builder::new().name(format!("pkcs11-{number}")).spawn(move || {
                while let Some(job) = next(&jobs) {
                    job(&mut worker);
                }
                // Closes the session.
                drop(worker);
                drop(inside);
            })?;
        }
        Ok(Self { queue: Some(queue), left: Mutex::new(left) })
    }

    /// Does `work` in a session; in a new one, once more, if the token was lost meanwhile.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let busy = |detail: &str| Error::CustodyUnreachable { detail: detail.to_owned(), retry_after: Some(1) };
        let (answer, result) = oneshot::channel();
        // Nobody waits any more when the client has gone.
        let job: Job = Box::new(move |worker| drop(answer.send(worker.attempt(&work))));
        let Some(queue) = &self.queue else { return Err(busy("the threads of the token have ended")) };
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => busy("too many calls wait for the token"),
            TrySendError::Disconnected(_) => busy("the threads of the token have ended"),
        })?;
        match timeout(PATIENCE, result).await {
            Ok(Ok(done)) => done.map_err(Error::from),
            Ok(Err(_)) => Err(Error::Corrupt("work with the token panicked")),
            Err(_) => Err(busy("the token did not answer in time")),
        }
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// One thread's session, if it has one.
struct Worker {
    module: Arc<Module>,
    clock: Arc<dyn Clock>,
    abilities: Abilities,
    connection: Option<Connection>,
    /// When the token was last found to be away.
    away: Option<Timestamp>,
}

impl Worker {
    fn attempt<T>(&mut self, work: &impl Fn(&mut Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let had_session = self.connection.is_some();
        match self.once(work) {
            Err(Fault::Lost(why)) if had_session => {
                tracing::warn!(why, "the session with the token was lost");
                self.once(work)
            }
            other => other,
        }
    }

    fn once<T>(&mut self, work: &impl Fn(&mut Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.connect()?;
        let _in_use = self.module.in_use();
        let Some(connection) = &mut self.connection else { return Err(Fault::Lost("no session".to_owned())) };
        let done = work(connection);
        if let Err(Fault::Lost(_)) = done {
            self.connection = None;
        }
        done
    }

    fn connect(&mut self) -> Result<(), Fault> {
        if self.connection.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        if self.away.is_some_and(|since| now.duration_since(since).abs() < AWAY) {
            return Err(Fault::Lost("the token was away a moment ago".to_owned()));
        }
        match self.reconnect() {
            Ok(connection) => {
                tracing::info!("a new session with the token");
                self.connection = Some(connection);
                self.away = None;
                Ok(())
            }
            Err(fault) => {
                self.away = Some(now);
                Err(fault)
            }
        }
    }

    /// In the module as it is open, or else opened anew.
    fn reconnect(&self) -> Result<Connection, Fault> {
        let seen = {
            let openings = self.module.in_use();
            match self.module.session().and_then(|session| Connection::again(session, self.abilities)) {
                Err(Fault::Lost(_)) => *openings,
                other => return other,
            }
        };
        self.module.open_anew(seen)?;
        let _in_use = self.module.in_use();
        self.module.session().and_then(|session| Connection::again(session, self.abilities))
    }
}
