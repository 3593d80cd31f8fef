//! The terminal: bars during long runs, and a clean screen afterwards.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc;
use std::time::Duration;

use fake_engine::Fault;
use integration_tests::cli::TddStack;
use integration_tests::program;
use integration_tests::scene::Scene;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: NonZero<u16> = NonZero::new(40).expect("40 is not zero");
const COLUMNS: NonZero<u16> = NonZero::new(140).expect("140 is not zero");

/// Longer than the slowest run on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// A recorded terminal session.
struct Seen {
    code: u32,
    /// The screen after each piece of output.
    screens: Vec<String>,
    last: vt100::Parser,
    bytes: Vec<u8>,
}

impl Seen {
    fn ever(&self, words: &str) -> bool {
        self.screens.iter().any(|screen| screen.contains(words))
    }

    /// Returns the final screen row by row, because vt100 joins a full row with the next one.
    fn last(&self) -> String {
        let rows: Vec<String> =
            self.last.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().into()).collect();
        rows.join("\n").trim_end().to_string()
    }
}

/// Runs the program on a terminal and types each key sequence once its words are on the screen.
fn watch(run: &TddStack, when: &[(&str, &[u8])]) -> Seen {
    let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal can be created");
    let (program, arguments) = run.command_line();
    let mut command = CommandBuilder::new(program);
    command.env_clear();
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    for (name, value) in run.environment() {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
    let mut writer = pair.master.take_writer().expect("the terminal is writable");
    let (pieces, inbox) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut piece = [0_u8; 4096];
        // A terminal without users ends in an error.
        while let Ok(count @ 1..) = reader.read(&mut piece) {
            if pieces.send(piece[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let last = vt100::Parser::new(ROWS, COLUMNS, 0);
    let mut seen = Seen { code: 0, screens: Vec::new(), last, bytes: Vec::new() };
    let mut left = when.iter();
    let mut next = left.next();
    loop {
        match inbox.recv_timeout(LIMIT) {
            Ok(piece) => {
                seen.last.process(&piece);
                seen.bytes.extend(piece);
                seen.screens.push(seen.last());
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().expect("the program can be killed");
                panic!("the program did not end; the screen is\n{}", seen.last());
            }
        }
        if let Some((_, keys)) = next.filter(|(words, _)| seen.ever(words)) {
            writer.write_all(keys).expect("the terminal is writable");
            next = left.next();
        }
    }
    reading.join().expect("reading does not panic");
    seen.code = child.wait().expect("the process exits").exit_code();
    seen
}

/// Returns a scene slow enough for bars, which short runs do not draw.
fn slow_scene() -> Scene {
    let scene = Scene::new(program!());
    scene.engine.fail(Fault::Slow(Duration::from_millis(25)));
    scene
}

#[test]
fn bars_are_drawn_and_cleared_at_the_end() {
    let scene = slow_scene();
    let seen = watch(&scene.tdd_stack(["up"]), &[]);
    assert_eq!(seen.code, 0, "{}", seen.last());
    assert!(seen.ever("━"), "no bar was drawn: {:#?}", seen.screens);
    for image in ["prom/prometheus:v3.13.4", "grafana/grafana:13.1.7", "prom/alertmanager:v0.34.0"] {
        assert!(seen.ever(image), "{image} had no bar");
    }
    assert!(seen.ever("of 2 layers"), "no layers were counted");
    let last = seen.last();
    assert!(last.starts_with("stack tdd is up: "), "{last}");
    assert!(!last.contains('━') && !last.contains("layers"), "{last}");
    assert!(!seen.last.screen().hide_cursor(), "the cursor is hidden");
}

#[test]
fn short_run_draws_no_bars() {
    let scene = Scene::after_up(program!());
    let seen = watch(&scene.tdd_stack(["up"]), &[]);
    assert_eq!(seen.code, 0);
    assert!(!seen.ever("━"));
    assert_eq!(seen.last().lines().count(), 1, "{}", seen.last());
    assert!(!seen.bytes.contains(&0x1b), "{}", String::from_utf8_lossy(&seen.bytes));
}

#[test]
fn wait_shows_last_answer_and_failure_clears_bars() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::NeverReady("grafana"));
    let seen = watch(&scene.tdd_stack(["up", "--wait-timeout", "900ms"]), &[]);
    assert_eq!(seen.code, 5, "{}", seen.last());
    assert!(seen.ever("wait-ready grafana: answers 503"), "the wait was not shown: {:#?}", seen.screens);
    let last = seen.last();
    assert!(last.contains("error: `grafana` is not ready after 900ms"), "{last}");
    assert!(last.contains("hint: "), "{last}");
    assert!(!last.contains('━'), "{last}");
}

#[test]
fn interrupt_clears_the_bars() {
    let scene = slow_scene();
    let seen = watch(&scene.tdd_stack(["up"]), &[("layers", b"\x03")]);
    assert_eq!(seen.code, 130, "{}", seen.last());
    let last = seen.last();
    assert!(last.contains("error: interrupted") && last.contains("hint: "), "{last}");
    assert!(!last.contains('━') && !last.contains("layers"), "bars remain:\n{last}");
    assert!(!seen.last.screen().hide_cursor(), "the cursor is hidden");
}

#[test]
fn plain_progress_has_no_escapes_on_a_terminal() {
    let scene = slow_scene();
    let seen = watch(&scene.tdd_stack(["up", "--progress", "plain"]), &[]);
    assert_eq!(seen.code, 0);
    assert!(!seen.bytes.contains(&0x1b));
}

#[test]
fn watch_clears_the_screen() {
    let scene = Scene::after_up(program!());
    let seen = watch(&scene.tdd_stack(["status", "--watch"]), &[("observes", b"\x03")]);
    assert_eq!(seen.code, 130);
    assert!(String::from_utf8_lossy(&seen.bytes).starts_with("\u{1b}[H\u{1b}[2J"));
}

#[test]
fn foreign_messages_are_escaped_on_a_terminal() {
    const TITLE: &str = "\u{1b}]0;owned\u{7}";
    let scene = Scene::with_images(program!());
    for call in ["GET /networks", "POST /networks/create", "POST /exec"] {
        scene.engine.fail(Fault::Says(call, TITLE));
        let seen = watch(&scene.tdd_stack(["up", "--progress", "bars"]), &[]);
        assert_eq!(seen.code, 1, "{call}\n{}", seen.last());
        assert!(seen.ever("\\u001b]0;owned\\u0007"), "{call}\n{}", seen.last());
        let bytes = String::from_utf8_lossy(&seen.bytes);
        assert!(!bytes.contains(TITLE), "{call}: {bytes:?}");
    }
    // During a wait the last answer is shown next to the bar.
    scene.engine.fail(Fault::DataSourceSays(TITLE));
    let seen = watch(&scene.tdd_stack(["up", "--progress", "bars", "--wait-timeout", "2s"]), &[]);
    assert!(seen.ever("\\u001b]0;owned\\u0007"), "{}", seen.last());
    assert!(!String::from_utf8_lossy(&seen.bytes).contains(TITLE), "{}", seen.last());
}

#[test]
fn password_prompt_repeats_on_up_and_hides_input() {
    let scene = Scene::with_images(program!());
    let ask = scene.tdd_stack(["up", "--grafana-password-prompt"]);
    let seen = watch(
        &ask,
        &[("Password of Grafana's admin:", b"open-sesame\r"), ("Repeat the password:", b"open-sesame\r")],
    );
    assert_eq!(seen.code, 0, "{}", seen.last());
    assert!(!String::from_utf8_lossy(&seen.bytes).contains("sesame"), "{}", seen.last());
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.password.as_deref(), Some("open-sesame"));
    });
    let once = scene.tdd_stack(["status", "--grafana-password-prompt", "--wait", "ready"]);
    let seen = watch(&once, &[("Password of Grafana's admin:", b"open-sesame\r")]);
    assert_eq!(seen.code, 0, "{}", seen.last());
}

#[test]
fn different_passwords_or_interrupt_change_nothing() {
    let scene = Scene::with_images(program!());
    let ask = || scene.tdd_stack(["up", "--grafana-password-prompt"]);
    let typed: [(&str, &[u8]); 2] =
        [("Password of Grafana's admin:", b"open-sesame\r"), ("Repeat the password:", b"open-seesame\r")];
    let seen = watch(&ask(), &typed);
    assert_eq!(seen.code, 2, "{}", seen.last());
    assert!(seen.last().contains("the two passwords differ"), "{}", seen.last());
    let seen = watch(&ask(), &[("Password of Grafana's admin:", b"\x03")]);
    assert_eq!(seen.code, 130, "{}", seen.last());
    assert!(seen.last().contains("error: interrupted"), "{}", seen.last());
    assert_eq!(scene.engine.requests(), [""; 0]);
}
