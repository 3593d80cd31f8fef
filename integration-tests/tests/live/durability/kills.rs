//! The program is killed at random moments, and the next command succeeds at once.
//!
//! The seed is printed; `TDD_TEST_KILL_SEED` repeats it as far as timing allows. `TDD_TEST_KILL_ROUNDS` sets the number
//! of rounds.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use integration_tests::cli::{Output, PLAN, TddStack};
use integration_tests::scenario::{SERVICES, Scenario, number};
use tdd_stack::ports;

use crate::scenario;

/// Rounds that take less than a minute.
const ROUNDS: u64 = 8;

/// Random numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a random duration below a limit.
    fn below(&mut self, time: Duration) -> Duration {
        let micros = u64::try_from(time.as_micros()).expect("the duration fits").max(1);
        Duration::from_micros(self.next() % micros)
    }
}

/// A stack on fixed ports, so that processes left by a kill can conflict with it.
struct Stack {
    scenario: Scenario,
    ports: String,
}

impl Stack {
    fn new() -> Self {
        let free = ports::free(IpAddr::V4(Ipv4Addr::LOCALHOST), SERVICES.len());
        let ports = SERVICES.iter().zip(free).map(|(service, port)| format!("{service}={port}"));
        Self { scenario: scenario("kills"), ports: ports.collect::<Vec<_>>().join(",") }
    }

    fn prepare(&self, arguments: &[&str]) -> TddStack {
        self.scenario.prepare(&self.ports, arguments)
    }

    fn timed(&self, arguments: &[&str]) -> (Output, Duration) {
        let began = Instant::now();
        let output = self.prepare(arguments).run();
        (output, began.elapsed())
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the durations help to diagnose failures")]
fn command_right_after_a_kill_succeeds() {
    let rounds = number("TDD_TEST_KILL_ROUNDS").unwrap_or(ROUNDS);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    let seed = number("TDD_TEST_KILL_SEED").unwrap_or(now.as_secs());
    println!("kills at random moments: seed {seed}, {rounds} rounds");
    let (stack, mut random) = (Stack::new(), Random(seed));
    let usual = ["up", "down"].map(|verb| {
        let (output, took) = stack.timed(&[verb]);
        output.exits(0);
        took
    });
    let (mut longest, mut is_up) = ([Duration::ZERO; 2], false);
    for round in 1..=rounds {
        let killed = usize::from(is_up);
        let after = random.below(usual[killed]);
        let next = usize::try_from(random.next() % 2).expect("the number is 0 or 1");
        let verb = |index: usize| ["up", "down"][index];
        let running = stack.prepare(&[verb(killed)]).spawn();
        // The random delay is the purpose of the test, not a wait for a condition.
        std::thread::sleep(after);
        running.kill();
        let (output, took) = stack.timed(&[verb(next)]);
        let description =
            format!("round {round}: `{}` killed after {after:.2?}, `{}`", verb(killed), verb(next));
        println!("{description} took {took:.2?}");
        assert_eq!(output.code, 0, "{description}\n{}\n{}", output.stdout, output.stderr);
        longest[next] = longest[next].max(took);
        is_up = next == 0;
        if is_up {
            let (plan, _) = stack.timed(&PLAN);
            assert_eq!(plan.code, 0, "{description} reached no fixed point\n{}", plan.stdout);
        } else {
            // A lock that was requested before the kill may still appear; the next command removes it.
            let mut left = stack.scenario.objects("container");
            left.retain(|name| !name.ends_with("-lock"));
            left.extend(stack.scenario.objects("network"));
            assert_eq!(left, [""; 0], "{description}");
        }
    }
    // What was requested right before the last kill arrives at the latest during a whole `up`.
    for arguments in [&["up"] as &[&str], &["down", "--volumes"]] {
        stack.timed(arguments).0.exits(0);
    }
    for kind in ["container", "network", "volume"] {
        assert_eq!(stack.scenario.objects(kind), [""; 0]);
    }
    let [up, down] = longest;
    println!("conflicts 0, longest `up` {up:.2?}, longest `down` {down:.2?}, usual {usual:.2?}");
}
