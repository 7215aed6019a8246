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

/// This machine's address among the processes of a deployment, where the host of `bound` has to be
/// guessed: the one that leads to NATS, where all of them are, whatever other networks it is in.
/// Nothing is sent. None where nothing has to be guessed, or all of them are on one machine.
///
/// # Errors
/// NATS' name stands for no address that can be reached from here, for now.
pub(super) async fn towards_nats(
    config: &internal::Config,
    bound: SocketAddr,
) -> std::io::Result<Option<IpAddr>> {
    let Some(nats) = &config.nats else { return Ok(None) };
    if config.advertise.is_some() || !bound.ip().is_unspecified() {
        return Ok(None);
    }
    let invalid = |_| std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let url: Uri = nats.expose().parse().map_err(invalid)?;
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let mut last = std::io::ErrorKind::NotFound.into();
    for there in lookup_host((host, url.port_u16().unwrap_or(NATS_PORT))).await? {
        // What listens on every IPv4 address is reached under none of IPv6.
        if there.is_ipv6() && bound.is_ipv4() {
            continue;
        }
        match own_address(there).await {
            Ok(own) => return Ok((!own.is_loopback()).then_some(own)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The address of this machine that the kernel would send from.
async fn own_address(there: SocketAddr) -> std::io::Result<IpAddr> {
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

pub(super) fn in_url(address: IpAddr) -> String {
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
        for (there, own) in [("127.0.0.9:4222", "127.0.0.1"), ("[::1]:4222", "::1")] {
            assert_eq!(own_address(there.parse().unwrap()).await.unwrap().to_string(), own);
        }
        let guess = async |url: &str, bound: &str| {
            let nats = Some(platform::config::Redacted::new(url));
            let config = internal::Config { nats, ..internal::Config::default() };
            towards_nats(&config, bound.parse().unwrap()).await
        };
        // All are on one machine, which has a name.
        let here = guess("nats://user:pass%40word@127.0.0.1", "0.0.0.0:9465").await;
        assert_eq!(here.unwrap(), None);
        assert_eq!(guess("nats://no.such.name.invalid", "10.0.0.7:9465").await.unwrap(), None);
        assert!(guess("nats://no.such.name.invalid", "0.0.0.0:9465").await.is_err());
        assert!(guess("tls://[::1]:4222", "0.0.0.0:9465").await.is_err(), "it listens on IPv4");
        assert_eq!(guess("tls://[::1]:4222", "[::]:9465").await.unwrap(), None);
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
