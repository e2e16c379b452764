//! The networks that requests may reach: the public ones, and those that `NOTIFY_NETWORKS` lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::environment::SettingError;

/// The networks beside the public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads `NOTIFY_NETWORKS`.
    pub(super) fn read(text: &str) -> Result<Networks, SettingError> {
        let entries = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let network = |text: &str| {
            text.parse().map_err(|_| {
                SettingError::new(format!(
                    "NOTIFY_NETWORKS: {text:?} is not a network; write <address>/<bits>, such as 10.1.0.0/16, and \
                     commas between networks"
                ))
            })
        };
        entries.map(network).collect::<Result<_, _>>().map(Networks)
    }

    pub(super) fn permits(&self, address: IpAddr) -> bool {
        let address = unwrapped(address);
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

/// The IPv4 address inside of an IPv6 address that leads to it: a mapped one, or one of NAT64 (RFC 6052).
fn unwrapped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) if NAT64.contains(&it) => {
            let [.., a, b, c, d] = it.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => !SPECIAL_V4.iter().any(|network| network.contains(&it)),
        IpAddr::V6(it) => {
            GLOBAL_V6.contains(&it) && !SPECIAL_V6.iter().any(|network| network.contains(&it))
        }
    }
}

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(first: u16, second: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// Networks that are private, local, or have another special purpose (RFC 6890). Link-local addresses, and
/// 168.63.129.16 in Azure, serve metadata of the machine.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];

/// The same within the global addresses: protocols such as Teredo, documentation, 6to4.
const SPECIAL_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),
    v6(0x2001, 0xdb8, 32),
    v6(0x2002, 0, 16),
    v6(0x3fff, 0, 20),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(networks: &str, address: &str) -> bool {
        let networks = Networks::read(networks).expect("networks");
        networks.permits(address.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_permitted() {
        for address in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "168.63.129.17",
        ] {
            assert!(permits("", address), "{address}");
        }
        for address in [
            "2606:4700::1111",
            "2001:200::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert!(permits("", address), "{address}");
        }
    }

    #[test]
    fn private_local_and_metadata_addresses_are_rejected() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!permits("", address), "{address}");
        }
    }

    #[test]
    fn listed_networks_are_permitted() {
        assert!(permits("10.1.0.0/16, fd00::/8", "10.1.255.255"));
        assert!(permits("10.1.0.0/16,fd00::/8", "fd12::1"));
        assert!(permits("10.1.0.0/16", "::ffff:10.1.0.1"));
        assert!(!permits("10.1.0.0/16,fd00::/8", "10.2.0.1"));
        assert!(permits("0.0.0.0/0", "169.254.169.254"));
        assert!(!permits("0.0.0.0/0", "fe80::1"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "::/129", "ten/8", "10.0.0.0/x"] {
            let error = Networks::read(wrong).expect_err(wrong).to_string();
            assert!(
                error.contains(wrong) && error.contains("NOTIFY_NETWORKS"),
                "{error}"
            );
        }
    }
}
