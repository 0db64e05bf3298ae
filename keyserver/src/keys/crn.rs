//! Cloud resource names and the ids inside them.
//!
//! *Invariant:* a CRN is put together from typed parts here and nowhere else.

use std::fmt;

use uuid::Uuid;

use crate::{error::Error, keys::key::KeyId};

/// GUID of a Key Protect instance: one tenant's key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InstanceId(pub(crate) Uuid);

impl InstanceId {
    /// Parses the `Bluemix-Instance` header.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| Error::InvalidField { name: "Bluemix-Instance", why: "not the GUID of an instance" })
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An instance and where it lives: what the names of its keys are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Its GUID.
    pub(crate) id: InstanceId,
    /// Its label.
    pub(crate) name: String,
    /// Region, such as `us-south`.
    pub(crate) region: String,
    /// Account id, 32 hexadecimal digits.
    pub(crate) account: String,
}

impl Instance {
    /// CRN of the instance itself.
    pub(crate) fn crn(&self) -> String {
        format!("{}::", self.prefix())
    }

    /// CRN of one of its keys.
    pub(crate) fn key_crn(&self, key: KeyId) -> String {
        format!("{}:key:{key}", self.prefix())
    }

    /// IAM id of the instance where it acts for itself.
    pub(crate) fn iam_id(&self) -> String {
        format!("crn-{}", self.crn())
    }

    /// CRN of a policy of one of its keys.
    pub(crate) fn policy_crn(&self, policy: Uuid) -> String {
        format!("{}:policy:{policy}", self.prefix())
    }

    fn prefix(&self) -> String {
        format!("crn:v1:bluemix:public:kms:{}:a/{}:{}", self.region, self.account, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_ten_segments() {
        let guid = "9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f";
        let instance = Instance {
            id: InstanceId::parse(guid).expect("a GUID"),
            name: "keys".into(),
            region: "us-south".into(),
            account: "0123456789abcdef0123456789abcdef".into(),
        };
        let key = KeyId(Uuid::try_parse("5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11").expect("a UUID"));
        let prefix = format!("crn:v1:bluemix:public:kms:us-south:a/0123456789abcdef0123456789abcdef:{guid}");
        assert_eq!(instance.crn(), format!("{prefix}::"));
        assert_eq!(instance.iam_id(), format!("crn-{prefix}::"));
        assert_eq!(instance.key_crn(key), format!("{prefix}:key:5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11"));
    }
}
