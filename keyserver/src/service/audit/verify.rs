//! Verifies the trail in a database, whether its server runs or not.
//!
//! *Invariant:* needs no key but the public one, and changes nothing.

use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::trail::{Part, TrailReader};
use crate::{
    audit::{
        chain::Hash,
        checkpoint::Checkpoint,
        verify::{Finding, Report, Trust, Verifier},
    },
    error::Error,
    keys::crn::Crn,
    store::{Filed, Store},
};

/// Reads and proves a whole trail, and that each event is filed under what it says. `progress` is told now and then how many
/// records were read.
pub(crate) async fn verify(
    store: Arc<dyn Store>,
    pinned: &[Hash],
    kept: Option<Checkpoint>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Report, Error> {
    let keys = store.audit_key().await?.map(|key| key.public_key).into_iter().collect();
    let mut verifier = Verifier::new(Trust { pinned: pinned.to_vec(), keys }, None);
    if let Some(kept) = kept {
        verifier.demand(kept);
    }
    let mut reader = TrailReader::new(store, None, None);
    loop {
        let parts = reader.next().await?;
        if parts.is_empty() {
            return Ok(verifier.finish());
        }
        for part in parts {
            match part {
                Part::Anchor(anchor) => verifier.anchor(&anchor),
                Part::Checkpoint(checkpoint) => verifier.checkpoint(checkpoint),
                Part::Record(record) => {
                    verifier.record(record.writer, record.sequence, record.hash, record.event.as_bytes());
                    if !is_filed_rightly(&record.filed, &record.event) {
                        let (writer, sequence) = (record.writer, record.sequence);
                        verifier.found(Finding::RecordMisfiled { writer, sequence });
                    }
                }
            }
        }
        progress(verifier.records());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_time: String,
    action: String,
    outcome: String,
    correlation_id: Uuid,
    initiator: Initiator,
    #[serde(rename = "logSourceCRN")]
    source: Option<String>,
    response_data: ResponseData,
}

#[derive(Deserialize)]
struct Initiator {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseData {
    key_id: Option<Uuid>,
}

fn is_filed_rightly(filed: &Filed, event: &str) -> bool {
    let Ok(event) = serde_json::from_str::<Event>(event) else { return false };
    let instance = event.source.as_deref().and_then(Crn::parse).and_then(|crn| crn.instance);
    // Events tell hundredths of a second.
    let time = jiff::Timestamp::from_millisecond(filed.at).map(crate::audit::event::cadf_time);
    time.is_ok_and(|time| time == event.event_time)
        && filed.action == event.action
        && filed.failed == (event.outcome != "success")
        && filed.correlation == event.correlation_id
        && filed.initiator == event.initiator.id
        && filed.key == event.response_data.key_id
        && filed.instance == instance
}
