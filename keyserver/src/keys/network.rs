//! From where a request arrives.
//!
//! *Invariant:* what a client says of its own address counts only as far as proxies that the operator trusts vouch for it.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The network that a request came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The address that everybody may reach.
    Public,
    /// The address that the operator keeps for a private network.
    Private,
}

/// From where a request arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Over which network.
    pub(crate) network: Network,
    /// From which address, if that is known.
    pub(crate) address: Option<IpAddr>,
}

impl Arrival {
    /// The address as events tell it: on a private network it says nothing about who asks.
    pub(crate) fn shown_address(&self) -> Option<String> {
        match self.network {
            Network::Public => self.address.map(|address| address.to_string()),
            Network::Private => None,
        }
    }
}

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Those with an address in one of these networks.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address of the client: the peer's, or if that is a trusted proxy the last forwarded one that is not. `None` if a
    /// trusted proxy forwards what is no address.
    pub(crate) fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Option<IpAddr> {
        let mut client = peer.to_canonical();
        for text in forwarded.rev() {
            if !self.trusts(client) {
                break;
            }
            client = address(text.trim())?;
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>();
    let address = plain.or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> Option<String> {
        let networks = trusted.iter().map(|text| text.parse().expect("a network")).collect();
        let client = TrustedProxies::new(networks).client(peer.parse().expect("an address"), forwarded.iter().copied());
        client.map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_believed_as_far_as_trusted_proxies_vouch_for_it() {
        let proxies = &["10.0.0.0/8", "fd00::/8"][..];
        for (trusted, peer, forwarded, expected) in [
            (&[][..], "192.0.2.1", &[][..], Some("192.0.2.1")),
            (&[], "192.0.2.1", &["198.51.100.7"], Some("192.0.2.1")),
            (proxies, "192.0.2.1", &["198.51.100.7"], Some("192.0.2.1")),
            (proxies, "10.0.0.1", &[], Some("10.0.0.1")),
            (proxies, "10.0.0.1", &["198.51.100.7"], Some("198.51.100.7")),
            (proxies, "10.0.0.1", &["203.0.113.9", " 198.51.100.7 "], Some("198.51.100.7")),
            (proxies, "10.0.0.1", &["203.0.113.9", "10.1.1.1"], Some("203.0.113.9")),
            (proxies, "10.0.0.1", &["10.1.1.1"], Some("10.1.1.1")),
            (proxies, "::ffff:10.0.0.1", &["::ffff:198.51.100.7"], Some("198.51.100.7")),
            (proxies, "fd00::1", &["2001:db8::7"], Some("2001:db8::7")),
            (proxies, "10.0.0.1", &["198.51.100.7:4711"], Some("198.51.100.7")),
            (proxies, "10.0.0.1", &["[2001:db8::7]:4711"], Some("2001:db8::7")),
            (proxies, "10.0.0.1", &["unknown"], None),
            (proxies, "10.0.0.1", &["not an address", "198.51.100.7"], Some("198.51.100.7")),
        ] {
            assert_eq!(client(trusted, peer, forwarded).as_deref(), expected, "{peer} {forwarded:?}");
        }
    }
}
