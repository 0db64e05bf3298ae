//! Cloud services that act for themselves.

use super::Api;
use crate::support_iam::TENANT;

/// A service instance in the account of the server.
pub(crate) struct Service {
    pub(crate) crn: String,
    pub(crate) iam_id: String,
    pub(crate) token: String,
}

impl Api {
    /// A service instance that is authorized with these roles for what the attributes say.
    pub(crate) async fn service(&self, name: &str, roles: &[&str], attributes: &[(&str, &str)]) -> Service {
        if !roles.is_empty() {
            self.make_policy(&self.authorization(&[("serviceName", name)], roles, attributes)).await;
        }
        let crn = self.crn(name, TENANT);
        Service { iam_id: format!("crn-{crn}"), token: self.service_token(name, TENANT).await, crn }
    }
}
