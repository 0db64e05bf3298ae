//! Two real servers, one the gateway to the other.

use std::{os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use crate::process::Running;

/// The gateway, and what it is in front of. Whoever stops the upstream takes it out.
pub(crate) struct Chain {
    pub(crate) gateway: Running,
    pub(crate) upstream: Option<Running>,
    pub(crate) gateway_data: TempDir,
    pub(crate) upstream_data: TempDir,
}

impl Chain {
    /// A first start of both.
    pub(crate) fn start() -> Self {
        let [gateway_data, upstream_data] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let upstream = Running::start(upstream_data.path());
        let api_key = gateway_data.path().join("upstream-api-key");
        std::fs::write(&api_key, upstream.said("api_key")).expect("written");
        std::fs::set_permissions(&api_key, std::fs::Permissions::from_mode(0o600)).expect("its own");
        let gateway = gateway(gateway_data.path(), &api_key, &upstream);
        Self { gateway, upstream: Some(upstream), gateway_data, upstream_data }
    }
}

fn gateway(data: &Path, api_key: &Path, upstream: &Running) -> Running {
    let flags = [
        "--custody",
        "gateway",
        "--gateway-url",
        upstream.said("url"),
        "--gateway-iam-url",
        upstream.said("url"),
        "--gateway-instance",
        upstream.said("instance"),
        "--gateway-api-key-file",
        api_key.to_str().expect("text"),
    ];
    Running::start_in(data, flags, &[])
}
