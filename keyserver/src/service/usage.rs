//! What a Key Protect instance used.
//!
//! *Invariant:* counts what the store holds; there is no counter that could go astray.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    audit::{Answer, Audited},
    error::Error,
    iam::{roles::Action, service_roles::ResourceAction},
    keys::instance::Resource,
    service::{
        call::{Call, finish},
        resources::{Asker, ResourceRef},
    },
    state::AppState,
    store::Usage,
};

/// A calendar month, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Month {
    first: Date,
}

impl Month {
    /// `YYYY-MM`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = Error::InvalidQuery { name: "month", why: "must be a month such as 2026-01" };
        let shape = text.len() == 7 && text.as_bytes()[4] == b'-';
        match format!("{text}-01").parse() {
            Ok(first) if shape => Ok(Self { first }),
            _ => Err(invalid),
        }
    }

    fn of(at: Timestamp) -> Self {
        Self { first: TimeZone::UTC.to_datetime(at).date().first_of_month() }
    }

    /// Its first moment, and the first of the next month.
    fn bounds(self) -> Result<(Timestamp, Timestamp), Error> {
        let start = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        let next = self.first.last_of_month().tomorrow().ok();
        let bounds = start(self.first).zip(next.and_then(start));
        bounds.ok_or(Error::InvalidQuery { name: "month", why: "too far away" })
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.first.strftime("%Y-%m"))
    }
}

/// What an instance used in a month.
pub(crate) struct UsageReport {
    /// The instance.
    pub(crate) resource: Resource,
    /// The month that the calls are of.
    pub(crate) month: Month,
    /// The moment that the keys are counted at.
    pub(crate) at: Timestamp,
    /// What was counted.
    pub(crate) usage: Usage,
    /// Root keys that cost nothing.
    pub(crate) free_root_keys: u64,
}

/// Keys as they are now and calls of a month, by default this one.
pub(crate) async fn read(
    app: &AppState,
    call: Call,
    name: Result<ResourceRef, Error>,
    month: Result<Option<Month>, Error>,
) -> Audited<UsageReport> {
    let (mut trail, credentials) = call.begin(app, Action::Resource(ResourceAction::ReadUsage));
    let outcome = async {
        let asker = Asker::of(app, credentials).await?;
        let (resource, grant) = asker.find(app, &name?, &mut trail).await?;
        if !resource.is_key_protect() {
            return Err(Error::NoUsage);
        }
        let at = app.clock.now();
        let month = month?.unwrap_or_else(|| Month::of(at));
        let usage = app.store.usage(&grant, resource.id, month.bounds()?, at).await?;
        let free_root_keys = app.services.free_root_keys;
        Ok((Answer::Content, UsageReport { resource, month, at, usage, free_root_keys }))
    }
    .await;
    finish(app, trail, outcome).await
}
