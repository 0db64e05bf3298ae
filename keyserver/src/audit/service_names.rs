//! What is done with service instances and objects, in the words of events.
//!
//! *Invariant:* every action has exactly one name. Those of the resource controller follow IBM's pattern; those of the object
//! store are our own.

use crate::{
    audit::{event::Severity, names::Names},
    iam::service_roles::{ObjectAction, ResourceAction},
};

/// Of service instances.
pub(super) const fn resource(action: ResourceAction) -> Names {
    use Severity::{Critical, Normal, Warning};
    let (event, message, severity) = match action {
        ResourceAction::Create => {
            ("resource-controller.instance.create", "Resource Controller: create instance", Normal)
        }
        ResourceAction::List => ("resource-controller.instance.list", "Resource Controller: list instances", Normal),
        ResourceAction::Read => ("resource-controller.instance.read", "Resource Controller: read instance", Normal),
        ResourceAction::Update => {
            ("resource-controller.instance.update", "Resource Controller: update instance", Warning)
        }
        ResourceAction::Delete => {
            ("resource-controller.instance.delete", "Resource Controller: delete instance", Critical)
        }
        ResourceAction::Lock => ("resource-controller.instance.lock", "Resource Controller: lock instance", Normal),
        ResourceAction::Unlock => {
            ("resource-controller.instance.unlock", "Resource Controller: unlock instance", Warning)
        }
        ResourceAction::ListReclamations => {
            ("resource-controller.reclamation.list", "Resource Controller: list reclamations", Normal)
        }
        ResourceAction::Reclaim => {
            ("resource-controller.reclamation.reclaim", "Resource Controller: reclaim instance", Critical)
        }
        ResourceAction::Restore => {
            ("resource-controller.reclamation.restore", "Resource Controller: restore instance", Warning)
        }
        ResourceAction::ReadUsage => ("resource-controller.usage.read", "Usage report: read instance", Normal),
    };
    let type_uri = "resource-controller/instance";
    Names { event, message, type_uri, credential: "token", severity, data_event: false }
}

/// Of objects.
pub(super) const fn object(action: ObjectAction) -> Names {
    use Severity::{Normal, Warning};
    let (event, message, severity) = match action {
        ObjectAction::List => ("envelock-objects.object.list", "Object store: list objects", Normal),
        ObjectAction::Get => ("envelock-objects.object.read", "Object store: read object", Normal),
        ObjectAction::Head => ("envelock-objects.object-metadata.read", "Object store: read object metadata", Normal),
        ObjectAction::Put => ("envelock-objects.object.write", "Object store: write object", Normal),
        ObjectAction::Delete => ("envelock-objects.object.delete", "Object store: delete object", Warning),
        ObjectAction::Wrap => ("envelock-objects.data-key.wrap", "Object store: wrap data key", Normal),
        ObjectAction::Unwrap => ("envelock-objects.data-key.unwrap", "Object store: unwrap data key", Normal),
        ObjectAction::Rewrap => ("envelock-objects.data-key.rewrap", "Object store: rewrap data key", Normal),
        ObjectAction::Unknown => ("envelock-objects.object.default", "Object store: unknown request", Normal),
    };
    let type_uri = "envelock-objects/object";
    Names { event, message, type_uri, credential: "token", severity, data_event: true }
}
