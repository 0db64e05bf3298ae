//! `/usage/v1/instances/{instance}`.
//!
//! *Invariant:* extract → service → reply.

use axum::extract::State;

use crate::{
    routes::{
        extract::{Params, services::ResourceName},
        keys::date,
        reply::Reply,
        wire::resources as wire,
    },
    service::{
        call::Call,
        usage::{self as service, Month, UsageReport},
    },
    state::App,
};

pub(super) async fn read(
    State(app): State<App>,
    call: Call,
    ResourceName(name): ResourceName,
    params: Params,
) -> Reply {
    let month = params.get("month").map(Month::parse).transpose();
    Reply::json(service::read(&app, call, name, month).await, show)
}

fn show(report: UsageReport) -> wire::Usage {
    let UsageReport { resource, month, at, usage, free_root_keys } = report;
    wire::Usage {
        resource_instance_id: resource.crn(),
        account_id: resource.account,
        month: month.to_string(),
        counted_at: date(at),
        active_root_keys: usage.active_root_keys,
        free_root_keys,
        billable_root_keys: usage.active_root_keys.saturating_sub(free_root_keys),
        key_versions: usage.key_versions,
        calls: usage.calls.iter().map(|(_, count)| count).sum(),
        calls_by_action: usage.calls.into_iter().collect(),
    }
}
