//! Finds the addresses on which the containers of a stack look for the application.

use std::net::{IpAddr, Ipv4Addr};

use crate::config::settings::AppHost;
use crate::engine::Engine;
use crate::error::Result;
use crate::ports;

/// Where a demo listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddresses {
    /// The addresses, loopback first.
    pub listen: Vec<IpAddr>,
    /// Why the containers may not find it there, where that is so.
    pub note: Option<String>,
}

/// Returns loopback and the address by which containers know this machine; fails if they look on another machine.
pub async fn listen_addresses(engine: &Engine, app_host: AppHost) -> Result<ListenAddresses> {
    if app_host == AppHost::EngineHost {
        engine.is_containers_host()?;
    }
    let known = match app_host {
        AppHost::EngineHost => engine.gateway().await?,
        AppHost::Address(address) => Some(address),
        AppHost::Network => None,
    };
    Ok(with_loopback(known, app_host))
}

fn with_loopback(known: Option<IpAddr>, app_host: AppHost) -> ListenAddresses {
    let mut listen = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let note = match known {
        Some(address) if listen.contains(&address) => None,
        Some(address) if ports::is_own(address) => {
            listen.push(address);
            None
        }
        // Docker Desktop hands what comes to its gateway on to loopback here, so this need not be a fault.
        Some(address) => Some(format!(
            "the containers look for the application at {address}, which is no address of this machine: listening on \
             loopback only; `--listen` and `--app-host` name an address that both know"
        )),
        None if app_host == AppHost::Network => Some(
            "with `--app-host network` the containers look for the application on their own network, where this demo \
             is not"
                .into(),
        ),
        None => Some(
            "the engine has no default network, so it is not known where the containers look for the application: \
             listening on loopback only; `--listen` and `--app-host` name an address that both know"
                .into(),
        ),
    };
    ListenAddresses { listen, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(address: &str) -> ListenAddresses {
        with_loopback(Some(address.parse().unwrap()), AppHost::EngineHost)
    }

    #[test]
    fn an_address_of_this_machine_is_listened_on_beside_loopback() {
        let listen_addresses = reach_of("127.0.0.9");
        assert_eq!((listen_addresses.listen.len(), listen_addresses.note), (2, None));
        assert_eq!(reach_of("127.0.0.1").listen.len(), 1);
    }

    #[test]
    fn an_address_of_another_machine_is_told_and_left_out() {
        let listen_addresses = reach_of("192.0.2.1");
        assert_eq!(listen_addresses.listen.len(), 1);
        assert!(listen_addresses.note.unwrap().contains("192.0.2.1"));
        assert!(with_loopback(None, AppHost::Network).note.unwrap().contains("--app-host network"));
    }
}
