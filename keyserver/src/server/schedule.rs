//! The task that does the server's own chores while it serves.
//!
//! *Invariant:* only the pace is the machine's; what is due is decided by the injected clock.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    service::{
        audit::checkpoints::{self, Pace},
        chores::run_due,
    },
    state::App,
};

/// Between two looks at what is due; waiting times that end in between are at most this much longer.
const PERIOD: Duration = Duration::from_secs(60);
/// Between two looks at whether the audit trail is due to be signed.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at once, for what fell due while no server ran, and then again and again until the server stops.
pub(super) async fn run(app: App) {
    let (mut tick, mut look) = (interval(PERIOD), interval(LOOK));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pace = Pace::new(app.clock.now());
    loop {
        tokio::select! {
            _ = look.tick() => {
                let (written, now) = (app.store.own_heads().iter().map(|head| head.sequence).sum(), app.clock.now());
                if pace.is_due(written, now) {
                    checkpoints::sign_own_or_log(&app, now).await;
                }
            }
            _ = tick.tick() => {
                app.limits.forget();
                app.metrics.chores.inc();
                run_due(&app, app.clock.now()).await;
            }
            () = app.stopping.cancelled() => return,
        }
    }
}
