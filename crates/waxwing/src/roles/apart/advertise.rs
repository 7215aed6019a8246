//! The host that other processes are told.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use anyhow::bail;

use crate::internal;

/// Where this machine's name stands on Linux.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// The host under which others reach what is bound to `bound`.
pub(in crate::roles) fn host(
    config: &internal::Config,
    bound: SocketAddr,
) -> anyhow::Result<String> {
    if let Some(host) = &config.advertise {
        return Ok(host.clone());
    }
    if !bound.ip().is_unspecified() {
        return Ok(in_url(bound.ip()));
    }
    let name = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
    let found = (name.trim(), 0).to_socket_addrs().ok();
    let mut found = found.into_iter().flatten().map(|address| address.ip());
    match found.find(|address| !address.is_loopback()) {
        Some(address) => Ok(in_url(address)),
        None => bail!(
            "internal.advertise is not set, and this machine's name stands for no address that \
             others reach: give the host they do (WAXWING_INTERNAL__ADVERTISE)"
        ),
    }
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_comes_first_and_what_is_bound_second() {
        let mut config = internal::Config::default();
        let host = |config: &internal::Config, bound: &str| {
            super::host(config, bound.parse().unwrap()).unwrap()
        };
        assert_eq!(host(&config, "10.0.0.7:9465"), "10.0.0.7");
        assert_eq!(host(&config, "[2001:db8::7]:9465"), "[2001:db8::7]");
        config.advertise = Some("game-1".to_owned());
        assert_eq!(host(&config, "0.0.0.0:9465"), "game-1");
    }
}
