//! The task that does the server's own chores while it serves.
//!
//! *Invariant:* only the pace is the machine's; what is due is decided by the injected clock.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::{service::chores::run_due, state::App};

/// Between two looks at what is due; waiting times that end in between are at most this much longer.
const PERIOD: Duration = Duration::from_secs(60);

/// Looks at once, for what fell due while no server ran, and then again and again until the server stops.
pub(super) async fn run(app: App) {
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                app.limits.forget();
                app.metrics.chores.inc();
                run_due(&app, app.clock.now()).await;
            }
            () = app.stopping.cancelled() => return,
        }
    }
}
