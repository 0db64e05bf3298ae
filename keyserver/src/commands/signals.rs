//! What the operator tells a running server by signals.
//!
//! *Invariant:* the first SIGINT or SIGTERM asks for a clean end, the second one ends at once; SIGHUP reads files again.

use std::{io, sync::Arc, time::Duration};

use envelock_keyserver::server::Tls;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

/// Between two looks at the certificate: a new one is served soon after it is there.
const LOOK_PERIOD: Duration = Duration::from_secs(5);
/// How a process ends that was not let finish.
const CUT_SHORT: i32 = 1;

/// Ends with the first signal to stop. After that, the second one ends the process.
pub(crate) fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    };
    Ok(async move {
        next().await;
        tracing::info!("told to stop");
        tokio::spawn(async move {
            next().await;
            tracing::warn!("told to stop a second time: what is under way is not finished");
            std::process::exit(CUT_SHORT);
        });
    })
}

/// Reads certificate and key again when told to and when they have changed, for as long as the process lives.
pub(crate) fn reload(tls: Arc<Tls>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut look = interval(LOOK_PERIOD);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        let mut last_error = String::new();
        loop {
            let asked = tokio::select! {
                _ = hangup.recv() => true,
                _ = look.tick() => false,
            };
            match tls.reload() {
                Ok(changed) => {
                    last_error.clear();
                    if changed || asked {
                        tracing::info!(changed, "certificate read again");
                    }
                }
                Err(error) => {
                    let error = error.to_string();
                    if asked || error != last_error {
                        tracing::error!(error, "the certificate is not replaced; the one before stays in use");
                    }
                    last_error = error;
                }
            }
        }
    });
    Ok(())
}
