//! What every use-case works with.
//!
//! *Invariant:* made once, by `main` or a test; there are no globals.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit::{Classify, Entry, Journal, checkpoint::CheckpointSigner},
    crypto::{custody::Custodies, seal::Sealer},
    error::Error,
    iam::token::TokenAuthority,
    keys::{
        catalogue::{KEY_PROTECT, Offer},
        environment::{Clock, Entropy},
        network::TrustedProxies,
    },
    limits::RateLimits,
    metrics::Metrics,
    readiness::Readiness,
    store::{Known, NewEvent, Store, files::ObjectFiles},
};

/// The server's parts.
pub(crate) struct AppState {
    /// What is remembered.
    pub(crate) store: Arc<dyn Store>,
    /// What every use of a key asks the store for.
    pub(crate) known: Known,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Random bytes.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Secrets of the server's own under the master key.
    pub(crate) sealer: Arc<Sealer>,
    /// Where the material of keys is.
    pub(crate) custody: Custodies,
    /// Signs and verifies tokens.
    pub(crate) tokens: TokenAuthority,
    /// Signs checkpoints of the audit trail.
    pub(crate) audit_signer: CheckpointSigner,
    /// Where audit events go.
    pub(crate) journal: Arc<dyn Journal>,
    /// Which status an outcome has.
    pub(crate) classify: Classify,
    /// UUID of the identity that the console signs in.
    pub(crate) administrator: uuid::Uuid,
    /// Name of the console's cookie: browsers keep one jar for all ports of a host, so that each installation has its own
    /// name.
    pub(crate) session_cookie: String,
    /// The bytes of stored objects.
    pub(crate) files: ObjectFiles,
    /// What the operator chose about services.
    pub(crate) services: Services,
    /// Whether the console's cookie is for TLS only.
    pub(crate) secure_cookies: bool,
    /// Lets one key pair be generated at a time, however many are asked for.
    pub(crate) generation: Semaphore,
    /// How many key pairs may be asked for at a time.
    pub(crate) generation_queue: Semaphore,
    /// What the server counts about itself.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether store and custody did their work a moment ago.
    pub(crate) readiness: Readiness,
    /// How often somebody may ask.
    pub(crate) limits: RateLimits,
    /// Proxies that say where a request really comes from.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Port of the address for the private network, if there is one.
    pub(crate) private_port: Option<u16>,
    /// What is under way, to be awaited before the server ends.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the server is told to stop: it is not ready any more.
    pub(crate) draining: CancellationToken,
    /// Cancelled when it takes no more connections.
    pub(crate) stopping: CancellationToken,
}

/// What the operator chooses about the services that can be ordered.
#[derive(Debug, Clone)]
pub struct Services {
    /// Name of the encrypted object store in CRNs and policies. Instances keep the name they were made with.
    pub objects: String,
    /// The largest object that is stored, in bytes.
    pub max_object_bytes: u64,
    /// How much all objects of one instance may have, in bytes.
    pub max_instance_bytes: u64,
    /// How long an object may take to arrive.
    pub upload_time: Duration,
    /// Root keys of an instance that cost nothing, for the usage report.
    pub free_root_keys: u64,
}

impl Default for Services {
    /// 5 GiB per object, within an hour, and no quota but what fits; 20 free keys, as this kind of service began with in 2020. The real one later counted key versions,
    /// five of them free in an account, and has given none away since January 2025.
    fn default() -> Self {
        Self {
            objects: "envelock-objects".to_owned(),
            max_object_bytes: 5 << 30,
            max_instance_bytes: u64::MAX,
            upload_time: Duration::from_secs(3600),
            free_root_keys: 20,
        }
    }
}

impl AppState {
    /// Name of a service in CRNs and policies.
    pub(crate) fn service_name(&self, offer: Offer) -> &str {
        match offer {
            Offer::KeyProtect => KEY_PROTECT,
            Offer::Objects => &self.services.objects,
        }
    }
}

/// Shared by all requests.
pub(crate) type App = Arc<AppState>;

/// The real clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random source.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// The audit journal in the store.
pub(crate) struct StoreJournal {
    /// Where they go.
    pub(crate) store: Arc<dyn Store>,
    /// Who counts how long it took.
    pub(crate) metrics: Arc<Metrics>,
}

#[async_trait]
impl Journal for StoreJournal {
    async fn append(&self, entry: Entry) -> Result<(), Error> {
        let begun = Instant::now();
        let written = self.store.append_event(row(entry)).await;
        self.metrics.event(begun.elapsed(), written.is_ok());
        written
    }
}

/// An event as the store takes it.
pub(crate) fn row(entry: Entry) -> NewEvent {
    let Entry { at, instance, action, failed, initiator, key, correlation, json } = entry;
    NewEvent { at, instance, action, failed, initiator, key, correlation, json }
}
