//! Addresses: one way of writing each, and which of them are private.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use oisp_core::event::network::Endpoint;

/// An IPv4 address inside IPv6 is that IPv4 address; scopes are left out.
pub fn plain(socket: SocketAddr) -> SocketAddr {
    SocketAddr::new(socket.ip().to_canonical(), socket.port())
}

/// An end of a connection.
pub fn endpoint(socket: SocketAddr, domain: Option<String>) -> Endpoint {
    let ip = socket.ip().to_canonical();
    Endpoint {
        ip,
        port: socket.port(),
        domain,
        is_private: is_private(ip),
    }
}

/// Not an address of the public internet: this machine, its link, a private
/// network (RFC 1918, RFC 4193), or one behind a provider's NAT (RFC 6598).
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

const fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let is_shared = first == 100 && second & 0xc0 == 64;
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || is_shared
}

const fn is_private_v6(ip: Ipv6Addr) -> bool {
    let is_unique_local = ip.segments()[0] & 0xfe00 == 0xfc00;
    let is_link_local = ip.segments()[0] & 0xffc0 == 0xfe80;
    ip.is_loopback() || ip.is_unspecified() || is_unique_local || is_link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_is_what_the_internet_does_not_reach() {
        for (ip, expected) in [
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("127.0.0.53", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("0.0.0.0", true),
            ("8.8.8.8", false),
            ("::1", true),
            ("::ffff:192.168.1.1", true),
            ("::ffff:8.8.8.8", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2606:4700::1111", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), expected, "{ip}");
        }
    }

    #[test]
    fn an_address_has_one_way_of_being_written() {
        let mapped: SocketAddr = "[::ffff:127.0.0.1]:80".parse().unwrap();
        assert_eq!(plain(mapped).to_string(), "127.0.0.1:80");
        assert_eq!(endpoint(mapped, None).ip.to_string(), "127.0.0.1");
    }
}
