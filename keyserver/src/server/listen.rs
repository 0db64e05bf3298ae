//! Connections: accepted, limited in how slowly they may speak, and let finish at the end.
//!
//! *Invariant:* listens on the sockets it is given; a connection that fails affects no other. What was begun is finished,
//! also for a client that has gone.

use std::{future, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

use crate::{keys::network::Network, state::App};

/// For a request head, and for an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// For a request line with its headers; a token takes about one kibibyte of it.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// For what is under way when the server is told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// Before accepting again when the system is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a server listens.
#[derive(Debug)]
pub struct Sockets {
    /// For everybody.
    pub public: TcpListener,
    /// For a private network: what arrives here counts as private.
    pub private: Option<TcpListener>,
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
pub(super) async fn listen(sockets: Sockets, router: Router, app: &App, stop: impl Future<Output = ()>) {
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            (network, accepted) = sockets.accept() => match accepted {
                Ok((stream, peer)) => serve(stream, network, peer, router.clone(), &open),
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
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
    if tokio::time::timeout(STOP_TIMEOUT, finish).await.is_err() {
        tracing::warn!("stopped while something was still under way");
    }
}

fn serve(stream: TcpStream, network: Network, peer: SocketAddr, router: Router, open: &GracefulShutdown) {
    // Small answers must not wait for the peer's acknowledgement; without it they are only slower.
    stream.set_nodelay(true).ok();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(network);
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection");
        }
    });
}
