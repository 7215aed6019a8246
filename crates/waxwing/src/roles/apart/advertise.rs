//! The host that other processes are told.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};

use anyhow::bail;
use axum::http::Uri;
use tokio::net::{UdpSocket, lookup_host};

use crate::internal;

/// NATS' own port, where its address names none.
const NATS_PORT: u16 = 4222;

/// Where this machine's name stands on Linux.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// The host under which the processes of a deployment reach what is bound to `bound`. A machine in
/// several networks is told by its address in the one that leads to NATS, where all of them are.
pub(super) async fn among_processes(
    config: &internal::Config,
    bound: SocketAddr,
) -> anyhow::Result<String> {
    let is_open = config.advertise.is_none() && bound.ip().is_unspecified();
    if is_open && let Some(nats) = &config.nats {
        match towards(nats.expose()).await {
            Ok(address) if !address.is_loopback() => return Ok(in_url(address)),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "how this machine reaches NATS is not known"),
        }
    }
    host(config, bound)
}

/// This machine's address on its way to the host of `url`. Nothing is sent.
async fn towards(url: &str) -> std::io::Result<IpAddr> {
    let invalid = |_| std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let url: Uri = url.parse().map_err(invalid)?;
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let mut found = lookup_host((host, url.port_u16().unwrap_or(NATS_PORT))).await?;
    let there = found.next().ok_or(std::io::ErrorKind::NotFound)?;
    let any: IpAddr = match there {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(there).await?;
    Ok(socket.local_addr()?.ip())
}

/// The host under which others reach what is bound to `bound`, as this machine alone can tell.
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

    #[tokio::test]
    async fn a_machine_of_several_networks_is_told_by_the_one_that_leads_to_nats() {
        for (url, own) in [
            ("nats://user:pass%40word@127.0.0.1:4222", "127.0.0.1"),
            ("nats://127.0.0.9", "127.0.0.1"),
            ("tls://[::1]:4222", "::1"),
        ] {
            assert_eq!(towards(url).await.unwrap().to_string(), own, "{url}");
        }
        assert!(towards("nats://").await.is_err());
        let nats = Some(platform::config::Redacted::new("nats://127.0.0.1:4222"));
        let config = internal::Config { nats, ..internal::Config::default() };
        let bound = "10.0.0.7:9465".parse().unwrap();
        assert_eq!(among_processes(&config, bound).await.unwrap(), "10.0.0.7");
    }

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
