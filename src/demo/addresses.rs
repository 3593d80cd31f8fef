//! The addresses where the containers of a stack look for the application.

use std::net::{IpAddr, Ipv4Addr};

use crate::config::settings::AppHost;
use crate::engine::Engine;
use crate::error::Result;
use crate::ports;

/// The addresses of a demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddresses {
    /// The addresses, loopback first.
    pub listen: Vec<IpAddr>,
    /// Why the containers may not reach the demo, if there is a reason.
    pub note: Option<String>,
}

/// Returns loopback and the address that containers use for this machine.
///
/// Returns an error if the containers look for the application on another machine.
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
        // Not an error: Docker Desktop forwards connections from its gateway to loopback on this machine.
        Some(address) => Some(format!(
            "the containers look for the application at `{address}`, which is not an address of this machine: the \
             demo listens on loopback only, set `--listen` or `--app-host` to a common address"
        )),
        None if app_host == AppHost::Network => Some(
            "with `--app-host network` the containers look for the application on the stack's network, which the \
             demo does not join"
                .into(),
        ),
        None => Some(
            "the engine has no default network, so the address of the application is unknown: the demo listens on \
             loopback only, set `--listen` or `--app-host` to a common address"
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
    fn own_address_is_added_to_loopback() {
        let listen_addresses = reach_of("127.0.0.9");
        assert_eq!((listen_addresses.listen.len(), listen_addresses.note), (2, None));
        assert_eq!(reach_of("127.0.0.1").listen.len(), 1);
    }

    #[test]
    fn foreign_address_is_reported_and_omitted() {
        let listen_addresses = reach_of("192.0.2.1");
        assert_eq!(listen_addresses.listen.len(), 1);
        assert!(listen_addresses.note.unwrap().contains("192.0.2.1"));
        assert!(with_loopback(None, AppHost::Network).note.unwrap().contains("--app-host network"));
    }
}
