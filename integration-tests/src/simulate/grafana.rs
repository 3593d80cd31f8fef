//! Grafana's stored data and its login check.

use serde_json::Value;
use tdd_stack::config::dashboard;
use tdd_stack::config::settings::Secret;
use tdd_stack::model::observed::{GrafanaContent, ObservedGrafana, SeenDataSource};
use tdd_stack::model::stack::{Service, Stack};
use tdd_stack::plan::LoginCase;

use super::{Volume, World};

impl World {
    /// Sets the delivered password at Grafana's first start; panics if none was delivered.
    pub(super) fn first_start(&mut self, stack: &Stack, service: &str) {
        let Some(wanted) = stack.service(service) else { return };
        let Some(file) = wanted.password_file else { return };
        let delivered = self.config_volume(stack, service).files.get(file.name).cloned();
        let delivered = delivered.unwrap_or_else(|| panic!("`{service}` starts without its password"));
        let data = wanted.data_volume().and_then(|name| self.volumes.get_mut(name));
        data.expect("Grafana has a data volume").password.get_or_insert(Secret::new(delivered));
    }

    /// Sets the login where the case allows it.
    pub(super) fn set_login(&mut self, stack: &Stack, case: LoginCase) {
        let wanted = stack.login.password.clone();
        assert!(case == LoginCase::Default || wanted.is_chosen(), "the well-known password replaces another");
        // The real program fails at a rejected login that the user did not choose.
        let volume = self.grafana_data(stack);
        if case != LoginCase::Default {
            volume.password = Some(wanted.secret);
        }
    }

    fn grafana_data(&mut self, stack: &Stack) -> &mut Volume {
        assert!(self.is_ready("grafana"), "Grafana is used before it is ready");
        let name = stack
            .service("grafana")
            .and_then(Service::data_volume)
            .expect("Grafana has a data volume")
            .to_string();
        self.volumes.get_mut(&name).expect("the volume of a running service exists")
    }

    /// Returns Grafana's data, after checking that the login is the right one.
    pub(super) fn grafana_volume(&mut self, stack: &Stack) -> &mut Volume {
        let secret = stack.login.password.secret.clone();
        let volume = self.grafana_data(stack);
        assert_eq!(volume.password, Some(secret), "Grafana is used with a login that was not checked");
        volume
    }

    pub(super) fn grafana(&self, stack: &Stack) -> ObservedGrafana {
        let name = stack.service("grafana").and_then(Service::data_volume).unwrap_or_default();
        let Some(volume) = self.volumes.get(name).filter(|_| self.is_ready("grafana")) else {
            return ObservedGrafana::Unknown;
        };
        if volume.password.as_ref() != Some(&stack.login.password.secret) {
            return ObservedGrafana::LoginRefused;
        }
        let health = self.readiness("prometheus");
        let seen = |(uid, body): (&String, &Value)| {
            (uid.clone(), SeenDataSource { body: body.clone(), health: health.clone() })
        };
        let checksum =
            |uid: &String| Some((uid.clone(), volume.files.get(&dashboard::checksum_name(uid))?.clone()));
        ObservedGrafana::Known(GrafanaContent {
            data_sources: volume.data_sources.iter().map(seen).collect(),
            dashboards: volume.dashboards.clone(),
            checksums: volume.dashboards.keys().filter_map(checksum).collect(),
        })
    }
}
