//! PostgreSQL: several servers over one database.
//!
//! Work that writes runs in one SERIALIZABLE transaction, and again when it met another one. Work that reads runs statement by
//! statement, as on SQLite.
//! *Invariant:* a transaction in which a statement failed is never committed, and one whose commit has no answer is never
//! tried again.

mod chains;
mod failure;
mod migrate;
mod session;
mod tls;
mod value;

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime};
use tokio::{runtime::Handle, task::spawn_blocking, time::sleep};
use uuid::Uuid;

use self::{chains::Chains, session::End};
use super::{Changes, Db};
use crate::{audit::chain::Position, config::Address, error::Error};

pub(super) use self::session::Session;

/// Connections that this server has at most.
const MAX_CONNECTIONS: usize = 16;
/// How long work waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often work is run at most.
const MAX_ATTEMPTS: u32 = 12;
/// The first pause before work is run again; each is longer than the one before.
const PAUSE: Duration = Duration::from_millis(2);

/// A database on a PostgreSQL server.
pub(crate) struct Postgres {
    pool: Pool,
    chains: Arc<Chains>,
    changes: Changes,
}

impl Postgres {
    /// Connects, and brings the tables up to date.
    pub(super) async fn open(address: &Address, writer: Uuid) -> Result<Self, Error> {
        let postgres = Self::connect(address, writer)?;
        let mut connection = postgres.connection().await?;
        migrate::run(&mut connection).await?;
        Ok(postgres)
    }

    /// Connects to a database that a server made, which may be running, and leaves its tables as they are.
    pub(super) async fn open_existing(address: &Address, writer: Uuid) -> Result<Self, Error> {
        let postgres = Self::connect(address, writer)?;
        migrate::require_current(&**postgres.connection().await?).await?;
        Ok(postgres)
    }

    fn connect(address: &Address, writer: Uuid) -> Result<Self, Error> {
        let driver = address.driver();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(driver.clone(), tls::connector(driver.get_ssl_mode())?, recycling);
        let pool = Pool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build();
        let pool = pool.map_err(|error| Error::Store(error.to_string()))?;
        Ok(Self { pool, chains: Chains::new(writer), changes: Changes::unknown() })
    }

    /// How far the chains of this server have come.
    pub(super) fn heads(&self) -> Vec<Position> {
        self.chains.heads()
    }

    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    async fn connection(&self) -> Result<Object, Error> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => failure::error(&error),
            PoolError::Timeout(_) => Error::StoreUnreachable("no connection to PostgreSQL within 5 s".to_owned()),
            other => Error::Store(other.to_string()),
        })
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Session::read).await
    }

    pub(super) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Session::snapshot).await
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Session::write).await
    }

    pub(super) async fn fill<T: Send + 'static>(
        &self,
        work: impl Fn(&Db<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(work, Session::fill).await
    }

    async fn run<T: Send + 'static, W: Fn(&Db<'_>) -> Result<T, Error> + Send + 'static>(
        &self,
        mut work: W,
        how: fn(Session, &W) -> End<T>,
    ) -> Result<T, Error> {
        let (mut pause, mut lost) = (PAUSE, false);
        for _ in 0..MAX_ATTEMPTS {
            let end;
            (work, end) = self.attempt(work, how).await?;
            match end {
                End::Answer(answer) => return answer,
                // A connection that was lost while it lay idle is found out by its next use; a second one is no accident.
                End::Lost(error) if lost => return Err(error),
                End::Lost(_) => lost = true,
                End::Conflict => {
                    sleep(pause).await;
                    pause = pause.mul_f32(1.5);
                }
            }
        }
        Err(Error::Contended)
    }

    async fn attempt<T: Send + 'static, W: Fn(&Db<'_>) -> Result<T, Error> + Send + 'static>(
        &self,
        work: W,
        how: fn(Session, &W) -> End<T>,
    ) -> Result<(W, End<T>), Error> {
        let connection = self.connection().await?;
        let session = Session::new(connection, self.chains.lease(), Handle::current());
        let done = spawn_blocking(move || {
            let end = how(session, &work);
            (work, end)
        });
        done.await.map_err(|_| Error::Corrupt("work on the database panicked"))
    }
}
