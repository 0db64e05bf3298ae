//! Connections: accepted, limited in number and in how slowly they may speak, and let finish at the end.
//!
//! *Invariant:* listens on the sockets it is given; a connection that fails affects no other. What was begun is finished,
//! also for a client that has gone.

use std::{future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use rustix::net::sockopt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::tls::Tls;
use crate::{keys::network::Network, metrics::Counted, state::App};

/// For a request line with its headers; a token takes about one kibibyte of it.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Before accepting again when the system is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// For a peer that acknowledges nothing, because it is gone or does not read.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// Between probes of a peer that says nothing.
const PROBE_PERIOD: Duration = Duration::from_secs(15);

/// Where a server listens.
#[derive(Debug)]
pub struct Sockets {
    /// For everybody.
    pub public: TcpListener,
    /// For a private network: what arrives here counts as private.
    pub private: Option<TcpListener>,
    /// For monitors, in plain HTTP.
    pub watch: Option<TcpListener>,
    /// With what the first two speak TLS, if they do.
    pub tls: Option<Arc<Tls>>,
}

/// How many connections, and how slow.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Most at a time.
    pub max_connections: usize,
    /// For a TLS handshake, for a request head, and for an idle connection.
    pub head: Duration,
    /// From being told to stop until no more connections are taken.
    pub drain_delay: Duration,
    /// For what is under way then.
    pub drain: Duration,
}

impl Sockets {
    async fn accept(&self) -> (Network, io::Result<(TcpStream, SocketAddr)>) {
        let private = async {
            match &self.private {
                Some(listener) => listener.accept().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.public.accept() => (Network::Public, accepted),
            accepted = private => (Network::Private, accepted),
        }
    }
}

/// Serves until `stop`, then finishes what was begun.
pub(super) async fn listen(sockets: Sockets, router: Router, app: &App, pace: Pace, stop: impl Future<Output = ()>) {
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(pace.max_connections.min(Semaphore::MAX_PERMITS)));
    let tls = sockets.tls.as_ref().map(Tls::acceptor);
    let mut stop = pin!(async {
        stop.await;
        app.draining.cancel();
        sleep(pace.drain_delay).await;
    });
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("never closed");
            (place, sockets.accept().await)
        };
        tokio::select! {
            (place, (network, accepted)) = next => match accepted {
                Ok((stream, peer)) => {
                    let arrived = Arrived { stream, network, peer, place };
                    tokio::spawn(serve(arrived, tls.clone(), router.clone(), app.clone(), pace, open.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(sockets);
    app.stopping.cancel();
    let finish = async {
        open.shutdown().await;
        app.tasks.close();
        app.tasks.wait().await;
    };
    if timeout(pace.drain, finish).await.is_err() {
        tracing::warn!("stopped while something was still under way");
    }
}

/// A connection that was accepted.
struct Arrived {
    stream: TcpStream,
    network: Network,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
}

async fn serve(arrived: Arrived, tls: Option<TlsAcceptor>, router: Router, app: App, pace: Pace, watcher: Watcher) {
    let Arrived { stream, network, peer, place } = arrived;
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, "socket options");
    }
    let _open = Counted::up(&app.metrics.connections);
    let asked = Asked { network, peer, router };
    match tls {
        None => converse(stream, asked, pace, watcher).await,
        Some(tls) => {
            let accepted = tokio::select! {
                accepted = timeout(pace.head, tls.accept(stream)) => accepted,
                () = app.stopping.cancelled() => return,
            };
            match accepted {
                Ok(Ok(stream)) => converse(stream, asked, pace, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "TLS"),
                Err(_) => tracing::debug!("TLS took too long"),
            }
        }
    }
    drop(place);
}

/// Lets small answers not wait for the peer, and the system notice a peer that is gone or takes nothing.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, PROBE_PERIOD)?;
    sockopt::set_tcp_keepintvl(stream, PROBE_PERIOD)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX))?;
    Ok(())
}

/// What every request of a connection is given.
struct Asked {
    network: Network,
    peer: SocketAddr,
    router: Router,
}

async fn converse<S>(stream: S, asked: Asked, pace: Pace, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Asked { network, peer, router } = asked;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(network);
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(pace.head)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection");
    }
}
