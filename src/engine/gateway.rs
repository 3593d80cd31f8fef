//! Finds the address by which containers reach the engine's host.

use std::net::{IpAddr, Ipv4Addr};

use bollard::errors::Error as EngineError;
use bollard::query_parameters::InspectNetworkOptions;

use super::Engine;
use crate::error::{Error, Result};

/// The network whose gateway `host-gateway` resolves to, for containers on any network.
const DEFAULT_NETWORK: &str = "bridge";

impl Engine {
    /// Returns the address that `host-gateway` resolves to, or `None` if the engine has no default network.
    pub async fn gateway(&self) -> Result<Option<IpAddr>> {
        let inspect = self
            .docker
            .with_timeout(|docker| docker.inspect_network(DEFAULT_NETWORK, None::<InspectNetworkOptions>));
        let seen = inspect.await;
        let network = match seen {
            Ok(network) => network,
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(Error::engine(format!("inspect network `{DEFAULT_NETWORK}`"))(error)),
        };
        let configs = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
        let gateway =
            configs.iter().filter_map(|config| config.gateway.as_deref()?.parse().ok()).find(IpAddr::is_ipv4);
        let first = || configs.iter().find_map(|config| first_address(config.subnet.as_deref()?));
        Ok(gateway.or_else(first))
    }
}

/// Returns the first address of a subnet. It is the gateway, which the engine itself reports only after its
/// second start.
fn first_address(subnet: &str) -> Option<IpAddr> {
    let (network, _) = subnet.split_once('/')?;
    let network: Ipv4Addr = network.parse().ok()?;
    Some(Ipv4Addr::from_bits(network.to_bits() + 1).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_address_of_a_subnet_is_its_gateway() {
        assert_eq!(first_address("172.17.0.0/16"), Some(Ipv4Addr::new(172, 17, 0, 1).into()));
        assert_eq!(first_address("fd00::/80"), None);
    }
}
