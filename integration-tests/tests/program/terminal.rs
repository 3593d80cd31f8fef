//! What a person at a terminal sees: bars while something lasts, and a clean screen after it.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc;
use std::time::Duration;

use fake_engine::Fault;
use integration_tests::cli::TddStack;
use integration_tests::program;
use integration_tests::scene::Scene;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: NonZero<u16> = NonZero::new(40).expect("it is more");
const COLUMNS: NonZero<u16> = NonZero::new(140).expect("it is more");

/// More than the slowest run takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// What was on the screen.
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

    /// The screen row by row: a full row is no row that goes on in the next.
    fn last(&self) -> String {
        let rows: Vec<String> =
            self.last.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().into()).collect();
        rows.join("\n").trim_end().to_string()
    }
}

/// Runs the program on a terminal; as soon as the screen has some words, some keys are typed, one after the other.
fn watch(run: &TddStack, when: &[(&str, &[u8])]) -> Seen {
    let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal can be made");
    let (program, arguments) = run.command_line();
    let mut command = CommandBuilder::new(program);
    command.env_clear();
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    for (name, value) in run.environment() {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).expect("the program can be started");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
    let mut writer = pair.master.take_writer().expect("the terminal can be typed on");
    let (pieces, inbox) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut piece = [0_u8; 4096];
        // The terminal ends in an error when its last user does.
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
                child.kill().expect("a program that hangs can be killed");
                panic!("the program did not end; the screen is\n{}", seen.last());
            }
        }
        if let Some((_, keys)) = next.filter(|(words, _)| seen.ever(words)) {
            writer.write_all(keys).expect("the terminal can be typed on");
            next = left.next();
        }
    }
    reading.join().expect("reading does not panic");
    seen.code = child.wait().expect("it ends").exit_code();
    seen
}

/// Long enough for bars, which a short run does not draw.
fn slow_scene() -> Scene {
    let scene = Scene::new(program!());
    scene.engine.fail(Fault::Slow(Duration::from_millis(25)));
    scene
}

#[test]
fn bars_are_drawn_while_it_lasts_and_cleared_at_the_end() {
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
    assert!(!seen.last.screen().hide_cursor(), "the cursor is gone");
}

#[test]
fn a_short_run_draws_nothing() {
    let scene = Scene::after_up(program!());
    let seen = watch(&scene.tdd_stack(["up"]), &[]);
    assert_eq!(seen.code, 0);
    assert!(!seen.ever("━"));
    assert_eq!(seen.last().lines().count(), 1, "{}", seen.last());
    assert!(!seen.bytes.contains(&0x1b), "{}", String::from_utf8_lossy(&seen.bytes));
}

#[test]
fn a_wait_is_shown_with_its_last_answer_and_a_failure_stands_on_a_clean_screen() {
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
fn an_interrupt_leaves_a_clean_screen() {
    let scene = slow_scene();
    let seen = watch(&scene.tdd_stack(["up"]), &[("layers", b"\x03")]);
    assert_eq!(seen.code, 130, "{}", seen.last());
    let last = seen.last();
    assert!(last.contains("error: interrupted") && last.contains("hint: "), "{last}");
    assert!(!last.contains('━') && !last.contains("layers"), "the bars stand still:\n{last}");
    assert!(!seen.last.screen().hide_cursor(), "the cursor is gone");
}

#[test]
fn plain_lines_are_plain_on_a_terminal_too() {
    let scene = slow_scene();
    let seen = watch(&scene.tdd_stack(["up", "--progress", "plain"]), &[]);
    assert_eq!(seen.code, 0);
    assert!(!seen.bytes.contains(&0x1b));
}

#[test]
fn a_watch_clears_the_screen_before_each_look() {
    let scene = Scene::after_up(program!());
    let seen = watch(&scene.tdd_stack(["status", "--watch"]), &[("observes", b"\x03")]);
    assert_eq!(seen.code, 130);
    assert!(String::from_utf8_lossy(&seen.bytes).starts_with("\u{1b}[H\u{1b}[2J"));
}

#[test]
fn what_others_say_does_not_act_on_the_terminal() {
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
    // While it is waited for, the last answer stands beside the bar.
    scene.engine.fail(Fault::DataSourceSays(TITLE));
    let seen = watch(&scene.tdd_stack(["up", "--progress", "bars", "--wait-timeout", "2s"]), &[]);
    assert!(seen.ever("\\u001b]0;owned\\u0007"), "{}", seen.last());
    assert!(!String::from_utf8_lossy(&seen.bytes).contains(TITLE), "{}", seen.last());
}

#[test]
fn a_password_is_asked_for_twice_where_it_may_be_set_and_is_not_shown() {
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
fn two_passwords_that_differ_change_nothing_and_an_interrupt_ends_the_question() {
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
