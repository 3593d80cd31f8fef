//! The fixed point: after any plan is applied to any state, the next plan is empty.
//!
//! The initial states are generated; each plan is applied in a random order that its dependencies allow.

use integration_tests::simulate::{Volume, World};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tdd_stack::config::settings::{
    HostPort, Layer, Password, PasswordOrigin, PasswordSource, Secret, Settings,
};
use tdd_stack::model::observed::{Author, Container, ContainerState, DiskFile, Readiness, VolumeKind};
use tdd_stack::model::stack::{LOADED_CHECKSUM, Service, Stack, fingerprint};
use tdd_stack::plan::{self, Kept, Operation, Plan, PullPolicy, Request, VerifyTime};
use tdd_stack::services;

/// How an object compares with its desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Like {
    Desired,
    Other,
    Absent,
}

/// The observed state of one service.
#[derive(Clone, Debug)]
struct Part {
    state: Option<ContainerState>,
    is_ready: bool,
    specification: Like,
    image: Like,
    volumes: Like,
    files: Vec<Like>,
    /// Whether the service has loaded these files, and its checksum says so.
    loaded: Like,
}

/// An initial state.
#[derive(Clone, Debug)]
struct Start {
    parts: Vec<Part>,
    has_network: bool,
    disk: Vec<(Like, Author)>,
    data_source: Like,
    dashboard: Like,
    /// Grafana's password compared with the one that the user chose.
    password: Like,
    leftovers: usize,
    ports: HostPort,
}

fn like() -> impl Strategy<Value = Like> {
    select(vec![Like::Desired, Like::Desired, Like::Other, Like::Absent])
}

fn part() -> impl Strategy<Value = Part> {
    let states = vec![
        None,
        Some(ContainerState::Created),
        Some(ContainerState::Exited),
        Some(ContainerState::Running),
        Some(ContainerState::Running),
        Some(ContainerState::Running),
        Some(ContainerState::Paused),
        Some(ContainerState::Restarting),
        Some(ContainerState::Other),
    ];
    let files = prop::collection::vec(like(), 8);
    (select(states), any::<bool>(), like(), like(), like(), files, like()).prop_map(
        |(state, is_ready, specification, image, volumes, files, loaded)| Part {
            state,
            is_ready,
            specification,
            image,
            volumes,
            files,
            loaded,
        },
    )
}

fn start() -> impl Strategy<Value = Start> {
    let author = select(vec![Author::Program, Author::User]);
    let ports = select(vec![HostPort::Fixed(4000), HostPort::Auto]);
    (
        prop::collection::vec(part(), 4),
        any::<bool>(),
        prop::collection::vec((like(), author), 32),
        like(),
        like(),
        like(),
        0..3_usize,
        ports,
    )
        .prop_map(|(parts, has_network, disk, data_source, dashboard, password, leftovers, ports)| {
            Start { parts, has_network, disk, data_source, dashboard, password, leftovers, ports }
        })
}

impl Start {
    fn stack(&self) -> Stack {
        let port = [("grafana".to_string(), self.ports)].into();
        let password =
            Password::new("open-sesame", PasswordOrigin::Environment).expect("the password is valid");
        let grafana_password = Some(PasswordSource::Known(password));
        let layer = Layer { port, grafana_password, ..Layer::default() };
        services::assemble(&Settings::resolve(layer, &services::names()).expect("the settings are valid"))
    }

    fn world(&self, stack: &Stack) -> World {
        let mut world = World::default();
        if self.has_network {
            world.networks.insert(stack.network());
        }
        world.leftovers = (0..self.leftovers).map(|number| format!("leftover-{number}")).collect();
        for (file, (like, author)) in stack.files.iter().zip(&self.disk) {
            let content = match like {
                Like::Desired => file.content.clone().into_owned(),
                // Still a dashboard that Grafana can show.
                Like::Other => file.content.replacen("\"title\": \"", "\"title\": \"Other, ", 1) + "\n",
                Like::Absent => continue,
            };
            world.disk.insert(file.name.into(), DiskFile { content, author: *author });
        }
        for (service, part) in stack.services.iter().zip(&self.parts) {
            self.put(&mut world, stack, service, part);
        }
        world
    }

    fn put(&self, world: &mut World, stack: &Stack, service: &Service, part: &Part) {
        let image = service.image.to_string();
        let current = world.published_id(&image);
        match part.image {
            Like::Desired => drop(world.images.insert(image.clone(), current.clone())),
            Like::Other => drop(world.images.insert(image.clone(), "sha256:moved".into())),
            Like::Absent => {}
        }
        // A container cannot exist without its volumes.
        if part.state.is_some() || part.volumes != Like::Absent {
            self.put_volumes(world, stack, service, part);
        }
        let Some(state) = part.state else { return };
        let is_desired = part.specification == Like::Desired;
        let container = Container {
            id: format!("id-of-{}", service.name),
            name: stack.container(service.name),
            image,
            image_id: current,
            spec: if is_desired { service.spec() } else { "another".into() },
            state,
            status: "Up".into(),
            address: Some(std::net::SocketAddr::new(service.port.bind, 5000 + service.port.container)),
            without: None,
        };
        world.containers.insert(service.name.into(), container);
        if !self.has_network {
            world.detached.insert(service.name.into());
        }
        if !part.is_ready {
            world.unready.insert(service.name.into());
        }
    }

    fn put_volumes(&self, world: &mut World, stack: &Stack, service: &Service, part: &Part) {
        for name in service.volumes() {
            let is_data = service.data_volume() == Some(name);
            let mut volume = Volume::new(if is_data { VolumeKind::Data } else { VolumeKind::Config });
            if let (false, Some(config)) = (is_data, &service.config) {
                let inside = files(stack, &config.files, &part.files);
                let older = vec![("older.yml".to_string(), "what it read before\n".to_string())];
                let loaded = if part.loaded == Like::Desired { inside.clone() } else { older };
                let sentinel = (LOADED_CHECKSUM.to_string(), fingerprint(&loaded));
                world.loaded.insert(service.name.into(), loaded.into_iter().collect());
                volume.files = inside.into_iter().collect();
                volume.files.extend((part.loaded != Like::Absent).then_some(sentinel));
            }
            if let (false, Some(file)) = (is_data, service.password_file) {
                // Each start delivers the password.
                let was_started = part.state.is_some_and(|state| state != ContainerState::Created);
                volume.files.extend(was_started.then(|| (file.name.into(), "delivered-before".into())));
            }
            if is_data && service.name == "grafana" {
                self.put_grafana(&mut volume, stack);
            }
            world.volumes.insert(name.into(), volume);
        }
    }

    fn put_grafana(&self, volume: &mut Volume, stack: &Stack) {
        volume.password = match self.password {
            Like::Desired => Some(stack.login.password.secret.clone()),
            Like::Other => Some(Secret::new("another")),
            // Grafana never started.
            Like::Absent => None,
        };
        for wanted in &stack.data_sources {
            let mut body = wanted.body.clone();
            if self.data_source == Like::Other {
                body["url"] = json!("http://elsewhere:9090");
            }
            if self.data_source != Like::Absent {
                volume.data_sources.insert(wanted.uid.into(), body);
            }
        }
        for wanted in &stack.dashboards {
            let text = stack.file(wanted.file).map(|file| file.content.clone()).unwrap_or_default();
            let mut body = tdd_stack::config::dashboard::parse(&text, wanted.uid)
                .expect("the shipped dashboard is valid");
            if self.dashboard == Like::Other {
                body["title"] = json!("changed by hand");
            }
            if self.dashboard != Like::Absent {
                volume.dashboards.insert(wanted.uid.into(), body);
            }
        }
    }
}

fn files(stack: &Stack, names: &[&'static str], like: &[Like]) -> Vec<(String, String)> {
    let file = |(name, like): (&&'static str, &Like)| {
        let content = stack.file(name)?.content.clone().into_owned();
        match like {
            Like::Desired => Some(((*name).to_string(), content)),
            Like::Other => Some(((*name).to_string(), format!("{content}# other\n"))),
            Like::Absent => None,
        }
    };
    names.iter().zip(like).filter_map(file).collect()
}

fn up(stack: &Stack, world: &World, pull: PullPolicy) -> Plan {
    asked(stack, world, Request { pull, ..Request::default() })
}

fn asked(stack: &Stack, world: &World, request: Request) -> Plan {
    plan::up(stack, &world.observed(stack), request).expect("no conflict exists")
}

/// Returns a function that chooses one of `count` by a list of numbers.
fn chooser(numbers: &[usize]) -> impl FnMut(usize) -> usize {
    let mut numbers = numbers.iter().copied().cycle();
    move |count| numbers.next().unwrap_or_default() % count
}

fn config() -> ProptestConfig {
    // A file of failures would be written next to the sources.
    ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn plan_is_empty_after_up(
        start in start(),
        proof in select(vec![VerifyTime::Later, VerifyTime::Now]),
        order in prop::collection::vec(0..9_usize, 1..40),
    ) {
        let stack = start.stack();
        let mut world = start.world(&stack);
        let plan = asked(&stack, &world, Request { proof, ..Request::default() });
        world.apply_in_order(&stack, &plan, &mut chooser(&order));
        let again = up(&stack, &world, PullPolicy::Missing);
        prop_assert!(again.is_empty(), "after\n{plan}the next plan is:\n{again}");
        prop_assert!(world.all_is_loaded(&stack), "a service has loaded old files after\n{plan}");
        prop_assert!(world.detached.is_empty(), "{:?} have no network after\n{plan}", world.detached);
        prop_assert!(world.leftovers.is_empty());
    }

    #[test]
    fn up_resumes_after_interruption_at_any_step(
        start in start(),
        order in prop::collection::vec(0..9_usize, 1..40),
        cut in 0..60_usize,
    ) {
        let stack = start.stack();
        let mut world = start.world(&stack);
        let plan = up(&stack, &world, PullPolicy::Missing);
        world.apply_some(&stack, &plan, &mut chooser(&order), cut);
        let rest = up(&stack, &world, PullPolicy::Missing);
        world.apply_in_order(&stack, &rest, &mut chooser(&order));
        let again = up(&stack, &world, PullPolicy::Missing);
        prop_assert!(again.is_empty(), "after {cut} steps of\n{plan}and\n{rest}the next plan is:\n{again}");
        prop_assert!(world.set_aside.is_empty(), "{:?} remains", world.set_aside);
        prop_assert!(world.all_is_loaded(&stack), "a service has loaded old files after\n{plan}and\n{rest}");
    }

    #[test]
    fn rollback_restores_every_ready_container(
        start in start(),
        order in prop::collection::vec(0..9_usize, 1..40),
        cut in 0..60_usize,
    ) {
        let stack = start.stack();
        let mut world = start.world(&stack);
        let was_ready = |world: &World| -> Vec<(String, String)> {
            let observed = world.observed(&stack);
            let ready = |service: &str| observed.readiness.get(service).is_some_and(Readiness::is_ready);
            let containers = observed.objects.containers.iter().filter(|(service, _)| ready(service));
            containers.map(|(service, container)| (service.clone(), container.id.clone())).collect()
        };
        let before = was_ready(&world);
        let plan = up(&stack, &world, PullPolicy::Missing);
        let begun = world.apply_some(&stack, &plan, &mut chooser(&order), cut);
        // From then on only previous containers are left to remove, and the new ones are ready.
        let ended = plan.undo.iter().any(|undo| begun.range(undo.ends_before..).next().is_some());
        let ended = ended || begun.len() == plan.len();
        let (back, _) = plan.rollback(&begun);
        if !ended && start.has_network {
            world.apply(&stack, &back);
            let after = was_ready(&world);
            for was_ready in &before {
                prop_assert!(after.contains(was_ready), "{was_ready:?} is not ready after\n{plan}and\n{back}");
            }
            prop_assert!(world.set_aside.is_empty());
        }
    }

    #[test]
    fn plan_is_deterministic_and_needs_only_earlier_steps(start in start()) {
        let stack = start.stack();
        let world = start.world(&stack);
        let plan = up(&stack, &world, PullPolicy::Missing);
        prop_assert_eq!(&plan, &up(&stack, &world, PullPolicy::Missing));
        for (index, step) in plan.steps.iter().enumerate() {
            prop_assert!(step.needs.iter().all(|need| *need < index), "step {} of\n{plan}", index + 1);
        }
    }

    #[test]
    fn pull_always_gives_the_images_of_the_registry(start in start()) {
        let stack = start.stack();
        let mut world = start.world(&stack);
        world.moved = stack.services.iter().map(|service| service.image.to_string()).collect();
        for policy in [PullPolicy::Always, PullPolicy::Never] {
            let plan = up(&stack, &world, policy);
            world.apply(&stack, &plan);
        }
        prop_assert!(up(&stack, &world, PullPolicy::Missing).is_empty());
        for container in world.containers.values() {
            prop_assert_eq!(&container.image_id, &world.published_id(&container.image));
        }
    }

    #[test]
    fn container_in_desired_state_is_not_touched(start in start()) {
        let stack = start.stack();
        let world = start.world(&stack);
        let plan = up(&stack, &world, PullPolicy::Missing);
        for (service, part) in stack.services.iter().zip(&start.parts) {
            let is_desired = part.state == Some(ContainerState::Running)
                && part.specification == Like::Desired
                && part.image != Like::Other
                && start.has_network;
            let touches = |operation: &Operation| matches!(operation, Operation::Stop { .. }
                | Operation::Create { .. } | Operation::Start { .. } | Operation::Restart { .. });
            let mut steps = plan.steps.iter().map(|step| &step.operation);
            let touched = steps.any(|operation| operation.service() == Some(service.name) && touches(operation));
            prop_assert!(!is_desired || !touched, "{} is touched:\n{plan}", service.name);
        }
    }

    #[test]
    fn down_keeps_only_requested_data_and_images(
        start in start(),
        data in any::<bool>(),
        images in any::<bool>(),
        order in prop::collection::vec(0..9_usize, 1..40),
    ) {
        let stack = start.stack();
        let mut world = start.world(&stack);
        let keep = Kept { data, images };
        let before = world.clone();
        let plan = plan::down(&world.observed(&stack).objects, &std::collections::BTreeSet::new(), keep);
        world.apply_in_order(&stack, &plan, &mut chooser(&order));
        prop_assert!(plan::down(&world.observed(&stack).objects, &std::collections::BTreeSet::new(), keep).is_empty());
        prop_assert!(world.containers.is_empty() && world.networks.is_empty() && world.leftovers.is_empty());
        let data_volumes = before.volumes.iter().filter(|(_, volume)| volume.kind == VolumeKind::Data);
        let expected: Vec<&String> = data_volumes.filter(|_| data).map(|(name, _)| name).collect();
        prop_assert_eq!(world.volumes.keys().collect::<Vec<_>>(), expected);
        prop_assert!(!images || world.images == before.images);
        prop_assert_eq!(world.disk.len(), before.disk.len());
    }
}
