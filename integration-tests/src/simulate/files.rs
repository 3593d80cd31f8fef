//! The files that services read, in their volumes.

use std::collections::BTreeMap;

use tdd_stack::model::observed::VolumeKind;
use tdd_stack::model::stack::{LOADED_CHECKSUM, Mount, Service, Stack};

use super::{Volume, World};

impl World {
    pub(super) fn config_volume(&mut self, stack: &Stack, service: &str) -> &mut Volume {
        let mounts = &stack.service(service).expect("there is such a service").mounts;
        let name = mounts.iter().find_map(|mount| match mount {
            Mount::Config { volume, .. } => Some(volume),
            Mount::Data { .. } | Mount::Host { .. } => None,
        });
        let volume = name.and_then(|name| self.volumes.get_mut(name));
        volume.unwrap_or_else(|| panic!("`{service}` has no volume for files"))
    }

    pub(super) fn configuration(&self, service: &Service) -> BTreeMap<String, String> {
        let volumes = service.volumes().into_iter().filter_map(|name| self.volumes.get(name));
        volumes
            .filter(|volume| volume.kind == VolumeKind::Config)
            .flat_map(|volume| volume.files.clone())
            .collect()
    }

    /// Returns the files that a service reads: without the checksum next to them.
    pub(super) fn readable(&self, service: &Service) -> BTreeMap<String, String> {
        let files = self.configuration(service).into_iter();
        files.filter(|(name, _)| name != LOADED_CHECKSUM).collect()
    }
}
