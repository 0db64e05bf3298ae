//! Cloud resource names and the ids inside them.
//!
//! *Invariant:* a CRN is put together from typed parts, and taken apart into them, here and nowhere else.

use std::fmt;

use uuid::Uuid;

use crate::{
    error::Error,
    keys::{instance::Resource, key::KeyId},
};

/// GUID of a Key Protect instance: one tenant's key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The name of any resource, of this server or of another service, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crn {
    /// Which cloud: `bluemix` for the public one.
    cname: String,
    /// `public`, `dedicated` or `local`.
    ctype: String,
    /// Name of the service, as policies have it.
    pub(crate) service: String,
    /// Region, zone or `global`; may be empty.
    pub(crate) location: String,
    /// Account that the resource belongs to.
    pub(crate) account: String,
    /// GUID of the service instance; `None` stands for the service itself.
    pub(crate) instance: Option<Uuid>,
    /// Kind of the resource inside its instance; empty for the instance itself.
    pub(crate) resource_type: String,
    /// Id of the resource inside its instance; empty for the instance itself.
    pub(crate) resource: String,
}

impl Crn {
    /// Bounds what a caller can make the server keep.
    const MAX_BYTES: usize = 512;

    /// Takes a name of ten segments apart; `None` if it is not one, or does not say in which account.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        // The last segment may itself hold colons.
        let segments: Vec<&str> = text.splitn(10, ':').collect();
        let &["crn", "v1", cname, ctype, service, location, scope, instance, resource_type, resource] = &*segments
        else {
            return None;
        };
        let account = scope.strip_prefix("a/").filter(|account| !account.is_empty())?;
        let instance = match instance {
            "" => None,
            guid => Some(Uuid::try_parse(guid).ok()?),
        };
        if service.is_empty() {
            return None;
        }
        Some(Self {
            cname: cname.to_owned(),
            ctype: ctype.to_owned(),
            service: service.to_owned(),
            location: location.to_owned(),
            account: account.to_owned(),
            instance,
            resource_type: resource_type.to_owned(),
            resource: resource.to_owned(),
        })
    }

    /// Whether it names this instance, or something in it.
    pub(crate) fn names(&self, resource: &Resource) -> bool {
        self.service == resource.service
            && self.location == resource.region
            && self.account == resource.account
            && self.instance == Some(resource.id.0)
    }
}

impl fmt::Display for Crn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cname, ctype, service, location, account, instance, resource_type, resource } = self;
        let instance = instance.map(|guid| guid.to_string()).unwrap_or_default();
        write!(f, "crn:v1:{cname}:{ctype}:{service}:{location}:a/{account}:{instance}:{resource_type}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_taken_apart_and_put_together_again() {
        let guid = "9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f";
        for text in [
            format!("crn:v1:bluemix:public:discovery:us-south:a/0123:{guid}::"),
            format!("crn:v1:bluemix:public:kms:us-south:a/0123:{guid}:key:5a0c2c1e-7d0e-4b57-9d52-3b6a4f0f7c11"),
            format!("crn:v1:bluemix:public:cloud-object-storage:global:a/0123:{guid}:bucket:a:b/c"),
            "crn:v1:bluemix:public:discovery::a/0123:::".to_owned(),
        ] {
            assert_eq!(Crn::parse(&text).expect("a name").to_string(), text);
        }
        let bucket = Crn::parse(&format!("crn:v1:bluemix:public:cos:global:a/0123:{guid}:bucket:a:b/c"));
        assert_eq!(bucket.expect("a name").resource, "a:b/c");
        for bad in [
            "",
            "crn:v1:bluemix:public:discovery:us-south:a/0123:::x y",
            "crn:v2:bluemix:public:discovery:us-south:a/0123:::",
            "crn:v1:bluemix:public:discovery:us-south:a/0123::",
            "crn:v1:bluemix:public::us-south:a/0123:::",
            "crn:v1:bluemix:public:discovery:us-south::::",
            "crn:v1:bluemix:public:discovery:us-south:o/0123:::",
            "crn:v1:bluemix:public:discovery:us-south:a/0123:not-a-guid::",
            &format!("crn:v1:bluemix:public:discovery:us-south:a/0123:::{}", "x".repeat(512)),
        ] {
            assert_eq!(Crn::parse(bad), None, "{bad}");
        }
    }

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
