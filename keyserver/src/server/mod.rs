//! From a data directory to a running application.
//!
//! *Invariant:* a data directory is used by one server at a time, and never with a master key it was not made with.

mod audit;
mod custody;
mod exposition;
mod guard;
mod listen;
pub mod maintenance;
mod place;
mod schedule;
mod tls;
mod traces;

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zeroize::Zeroizing;

use crate::{
    crypto::{custody::FileCustody, master, seal::Sealer},
    error::Error,
    iam::identity::Credential,
    keys::{material::Secret, network::TrustedProxies},
    limits::RateLimits,
    metrics::Metrics,
    readiness::Readiness,
    routes,
    service::{
        audit::checkpoints,
        chores, console,
        signing_keys::{self, Workshop},
        start::{self, Surroundings},
    },
    state::{App, AppState, StoreJournal},
    store::{Known, Store, files::ObjectFiles},
};

pub use audit::{Verified, VerifyAudit, VerifyError, verify_audit, verify_audit_export};
pub use custody::{Custody, GatewaySetting};
pub use guard::without_core_dumps;
pub use listen::{Pace, Sockets};
pub use place::Place;
pub use tls::{Tls, TlsError};
pub use traces::Traces;

pub use crate::{
    config::CustodyChoice,
    crypto::custody::{Pkcs11Error, Pkcs11Settings},
    crypto::master::MasterKeyError,
    keys::{
        environment::{Clock, Entropy},
        network::Network,
    },
    limits::Rates,
    spans::TRACE_TARGET,
    state::{Services, SystemClock, SystemEntropy},
};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory or its lock.
    #[error("the data directory {path} cannot be used: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error("the data directory {0} is in use by another key server; stop that one or choose another --data")]
    InUse(PathBuf),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// A place that root keys are in, or are to go to.
    #[error("the custody of keys is not set up: {0}")]
    Custody(String),
    /// The token.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// The database, or a master key that does not fit it.
    #[error("the database cannot be used: {0}")]
    Database(String),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self::Database(error.detail())
    }
}

/// A server that only needs a socket.
pub struct Server {
    /// Everything it answers.
    pub router: Router,
    /// Account id.
    pub account: String,
    /// GUID of the instance that the first start made.
    pub instance: String,
    /// Region of the installation.
    pub region: String,
    /// The administrator's API key; on the first start only.
    pub api_key: Option<Zeroizing<String>>,
    /// Fingerprint of the key that signs the audit trail.
    pub audit_key: String,
    /// A one-time code for the console.
    pub sign_in_code: Zeroizing<String>,
    app: App,
    /// Held as long as the server lives.
    _lock: File,
}

impl Server {
    /// Serves until `stop` and does its chores meanwhile, then finishes what was begun.
    pub async fn serve(self, mut sockets: Sockets, pace: Pace, stop: impl Future<Output = ()>) {
        self.app.tasks.spawn(schedule::run(Arc::clone(&self.app)));
        if let Some(watch) = sockets.watch.take() {
            tokio::spawn(exposition::expose(watch, Arc::clone(&self.app)));
        }
        listen::listen(sockets, self.router, &self.app, pace, stop).await;
        checkpoints::sign_own_or_log(&self.app, self.app.clock.now()).await;
    }

    /// Does the chores that are due by the server's clock; [`Server::serve`] does this by itself.
    pub async fn run_due(&self) {
        chores::run_due(&self.app, self.app.clock.now()).await;
    }
}

/// Where a server keeps what, and how it behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory, and the database.
    pub place: Place,
    /// File of the master key; by default `master.key` in the data directory.
    pub master_key: Option<PathBuf>,
    /// Where root keys are held.
    pub custody: Custody,
    /// Region of a new installation.
    pub region: String,
    /// Whether browsers reach the console over TLS only, so that its cookie never travels in clear.
    pub secure_cookies: bool,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Port of the address for the private network, if there is one.
    pub private_port: Option<u16>,
    /// The services that can be ordered.
    pub services: Services,
    /// How often somebody may ask.
    pub rates: Rates,
}

/// Opens the data directory, makes what is missing on a first start, and puts the parts together.
pub async fn open(options: &Options, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Server, StartError> {
    let Options { place, master_key, custody, region, secure_cookies, trusted_proxies, private_port, services, rates } =
        options;
    let directory = &place.directory;
    custody::check(custody)?;
    let lock = lock(directory)?;
    let store: Arc<dyn Store> = Arc::new(place.open(entropy.uuid()).await?);
    let file = place.master_key(master_key.as_deref());
    let sealer = Arc::new(Sealer::following(master_key_of(file.clone(), &*store, &*entropy).await?, file));
    // Before anything is made: a first start without its keys must not make an API key that nobody gets to see.
    let file = FileCustody::new(Arc::clone(&sealer), Arc::clone(&entropy));
    let custody = custody::open(custody, file, &*store, &clock, &entropy).await?;
    let around = Surroundings { store: &store, sealer: &sealer, clock: &*clock, entropy: &*entropy };
    let started = start::start(&around, region).await?;
    let sign_in_code = console::new_sign_in_code(&*store, &*clock, &*entropy).await?;
    let metrics = Arc::new(Metrics::new());
    let app = AppState {
        journal: Arc::new(StoreJournal { store: Arc::clone(&store), metrics: Arc::clone(&metrics) }),
        files: open_files(directory, &*store).await?,
        audit_signer: checkpoints::open_key(&store, &sealer, &*entropy).await?,
        known: Known::new(Arc::clone(&store)),
        store,
        clock,
        custody,
        entropy,
        sealer,
        tokens: started.tokens,
        classify: routes::reply::classify,
        administrator: started.administrator,
        session_cookie: format!("envelock_session_{}", started.account),
        services: services.clone(),
        secure_cookies: *secure_cookies,
        generation: Semaphore::new(1),
        generation_queue: Semaphore::new(KEY_PAIRS_ASKED_FOR),
        metrics,
        readiness: Readiness::default(),
        limits: RateLimits::new(*rates),
        trusted_proxies: TrustedProxies::new(trusted_proxies.clone()),
        private_port: *private_port,
        tasks: TaskTracker::new(),
        draining: CancellationToken::new(),
        stopping: CancellationToken::new(),
    };
    let app = Arc::new(app);
    let audit_key = app.audit_signer.fingerprint().to_string();
    Ok(Server {
        audit_key,
        router: routes::router(Arc::clone(&app)),
        app,
        account: started.account,
        instance: started.instance.to_string(),
        region: started.region,
        api_key: started.api_key.map(Credential::reveal),
        sign_in_code,
        _lock: lock,
    })
}

/// Whether [`open`] would find what it needs, as far as looking can tell. Makes nothing, and does not mind a server that runs.
pub fn check(options: &Options) -> Result<(), StartError> {
    let Options { place, master_key, custody, .. } = options;
    let Place { directory, database } = place;
    custody::check(custody)?;
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => (),
        Ok(_) => {
            return Err(StartError::Directory { path: directory.clone(), source: io::ErrorKind::NotADirectory.into() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (),
        Err(source) => return Err(StartError::Directory { path: directory.clone(), source }),
    }
    let file = place.master_key(master_key.as_deref());
    match master::read(&file)? {
        None if database.is_none() && directory.join(DATABASE).exists() => Err(MasterKeyError::Missing(file).into()),
        _ => Ok(()),
    }
}

/// Makes a sign-in code in an existing database, whether its server runs or not. Needs no master key and leaves the
/// tables as they are.
pub async fn sign_in_code(
    place: &Place,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Zeroizing<String>, StartError> {
    let store = place.open_existing(entropy.uuid()).await?;
    Ok(console::new_sign_in_code(&store, clock, entropy).await?)
}

/// Opens the folder of objects and removes the files that no object was made of, or whose object is gone.
async fn open_files(directory: &Path, store: &dyn Store) -> Result<ObjectFiles, StartError> {
    let root = directory.join(OBJECTS);
    let failed = |source| StartError::Directory { path: root.clone(), source };
    let files = ObjectFiles::open(root.clone()).map_err(failed)?;
    files.remove(&store.take_loose_files().await?).await?;
    Ok(files)
}

/// Makes the next key that signs access tokens, whether a server runs on the directory or not; it signs in ten minutes. Says
/// whether it did: somebody else may have made one at the same moment.
pub async fn rotate_signing_key(
    place: &Place,
    master_key: Option<&Path>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<bool, StartError> {
    let store: Arc<dyn Store> = Arc::new(place.open_existing(entropy.uuid()).await?);
    let file = place.master_key(master_key);
    let master = master::read(&file)?.ok_or_else(|| MasterKeyError::Missing(file.clone()))?;
    // Under the next master key, while one is taking the place of this.
    let sealer = Sealer::following(master, file);
    let around = Workshop { store: &store, sealer: &sealer, entropy, classify: routes::reply::classify };
    let made = signing_keys::succeed(&around, clock.now()).await?;
    let signer = checkpoints::open_key(&store, &sealer, entropy).await?;
    checkpoints::sign_own(&store, &signer, clock.now()).await?;
    Ok(made)
}

const DATABASE: &str = "keyserver.db";
const MASTER_KEY: &str = "master.key";
const LOCK: &str = "lock";
const OBJECTS: &str = "objects";
/// More of them at a time are refused: each takes up to seconds, and whoever waits longer has gone.
const KEY_PAIRS_ASKED_FOR: usize = 4;

fn lock(directory: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Directory { path: directory.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let file = File::create(directory.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

async fn master_key_of(path: PathBuf, store: &dyn Store, entropy: &dyn Entropy) -> Result<Secret, StartError> {
    match master::read(&path)? {
        Some(key) => Ok(key),
        None if store.installation().await?.is_some() => Err(MasterKeyError::Missing(path).into()),
        None => Ok(master::create(&path, entropy)?),
    }
}
