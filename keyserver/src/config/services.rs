//! Options of the services that can be ordered.
//!
//! *Invariant:* says how services are named and limited, and nothing about keys.

use clap::Args;

/// Options of the services that can be ordered.
#[derive(Debug, Clone, Args)]
pub struct ServiceOptions {
    /// Name of the encrypted object store in resource names and policies, for instances made from now on.
    #[arg(long, value_name = "NAME", env = "ENVELOCK_OBJECTS_SERVICE", default_value = "envelock-objects", value_parser = parse_service)]
    pub objects_service: String,
    /// Largest object that is stored, in bytes.
    #[arg(long, value_name = "BYTES", env = "ENVELOCK_MAX_OBJECT_BYTES", default_value_t = 5 << 30)]
    pub max_object_bytes: u64,
    /// How much all objects of one instance may have, in bytes; without it as much as fits on the disk.
    #[arg(long, value_name = "BYTES", env = "ENVELOCK_MAX_INSTANCE_BYTES")]
    pub max_instance_bytes: Option<u64>,
    /// How long an object may take to arrive, in seconds.
    #[arg(long, value_name = "SECONDS", env = "ENVELOCK_UPLOAD_SECONDS", default_value_t = 3600)]
    pub upload_seconds: u64,
    /// Root keys of an instance that the usage report counts as free.
    #[arg(long, value_name = "COUNT", env = "ENVELOCK_FREE_ROOT_KEYS", default_value_t = 20)]
    pub free_root_keys: u64,
}

fn parse_service(text: &str) -> Result<String, String> {
    let legal = (2..=64).contains(&text.len())
        && text != "kms"
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if legal {
        Ok(text.to_owned())
    } else {
        Err("a service has 2 to 64 lower-case letters, digits and `-`, and `kms` is taken".to_owned())
    }
}
