//! Which upstream, and as whom.
//!
//! *Invariant:* a token or data key never travels in clear, except within this machine.

use hyper::{Uri, http::uri::Scheme};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The upstream key service.
pub(crate) struct Settings {
    /// Its address, without `/api/v2`.
    pub(super) service: Uri,
    /// The Key Protect instance in which the keys are.
    pub(super) instance: Uuid,
    /// Address of its token service, without `/identity/token`.
    pub(super) iam: Uri,
    /// Whose keys they are there.
    pub(super) api_key: Zeroizing<String>,
}

impl Settings {
    /// Checks everything that can be checked without asking. The error says which option is wrong, and what would be right.
    pub(crate) fn parse(service: &str, instance: &str, iam: &str, api_key: Zeroizing<String>) -> Result<Self, String> {
        let instance = instance
            .parse()
            .map_err(|_| format!("--gateway-instance {instance} is not the GUID of a Key Protect instance"))?;
        if api_key.is_empty() || !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("--gateway-api-key-file must hold one API key and nothing else".to_owned());
        }
        Ok(Self {
            service: address("--gateway-url", service)?,
            instance,
            iam: address("--gateway-iam-url", iam)?,
            api_key,
        })
    }
}

fn address(option: &str, text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| format!("{option} {text} is not a URL"))?;
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    if uri.query().is_some() || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(format!("{option} is an address without user, password and query"));
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && local) => Ok(uri),
        _ => Err(format!(
            "{option} {text} must begin with https://, as data keys travel there; http:// is taken within this machine only"
        )),
    }
}

/// A path below an address.
pub(super) fn below(base: &Uri, path: &str) -> Uri {
    let (scheme, authority) =
        (base.scheme_str().unwrap_or_default(), base.authority().map_or("", |host| host.as_str()));
    let text = format!("{scheme}://{authority}{}{path}", base.path().trim_end_matches('/'));
    text.parse().expect("an address and a path of ids and fixed words")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(service: &str, iam: &str, instance: &str, api_key: &str) -> Result<Settings, String> {
        Settings::parse(service, instance, iam, Zeroizing::new(api_key.to_owned()))
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (url, guid) = ("https://keys.example.com", "9f3f9c1a-6a0e-4d7e-8d3e-1f2b3c4d5e6f");
        assert!(parsed(url, "http://127.0.0.1:8080", guid, "key").is_ok());
        assert!(parsed("http://[::1]:8080/base/", url, guid, "key").is_ok());
        for (service, iam, instance, api_key, named) in [
            ("http://keys.example.com", url, guid, "key", "--gateway-url"),
            ("keys.example.com", url, guid, "key", "--gateway-url"),
            ("https://user:secret@keys.example.com", url, guid, "key", "--gateway-url"),
            (url, "ftp://iam.example.com", guid, "key", "--gateway-iam-url"),
            (url, url, "an instance", "key", "--gateway-instance"),
            (url, url, guid, "", "--gateway-api-key-file"),
            (url, url, guid, "two\nlines", "--gateway-api-key-file"),
        ] {
            let told = parsed(service, iam, instance, api_key).err().expect("refused");
            assert!(told.contains(named) && !told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn a_path_goes_below_the_address() {
        let base = |text: &str| text.parse().expect("an address");
        assert_eq!(below(&base("https://a.example"), "/api/v2/keys").to_string(), "https://a.example/api/v2/keys");
        assert_eq!(below(&base("https://a.example:8/x/"), "/api").to_string(), "https://a.example:8/x/api");
    }
}
