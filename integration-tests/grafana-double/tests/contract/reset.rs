//! Grafana's command that sets a password while the server runs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use grafana_double::contract::Grafana;
use grafana_double::{Flavour, Running};

use crate::setting::{PROGRAM, target};

/// Returns the program under the name of Grafana's command.
fn command(folder: &Path) -> PathBuf {
    let link = folder.join("grafana");
    if !link.exists() {
        std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    }
    link
}

fn reset(folder: &Path, data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(command(folder))
        .args(["cli", "--homepath", "/usr/share/grafana", "admin", "reset-admin-password"])
        .args(arguments)
        .env_clear()
        .env("GF_PATHS_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have exited already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

async fn status(double: &Running, password: &str) -> u16 {
    let grafana = Grafana::new(target(double, password, Flavour::Classic)).unwrap();
    grafana.get("/api/org").await.unwrap().status
}

#[tokio::test]
async fn reset_password_works_at_once() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let double = Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD", "first1")]).unwrap();
    assert_eq!(status(&double, "first1").await, 200);
    for (arguments, input, new) in [
        (["--password-from-stdin"].as_slice(), "second2\n", "second2"),
        (&["third3"], "", "third3"),
        (&["--user-id", "1", "fourth4"], "", "fourth4"),
    ] {
        let output = reset(folder.path(), data.path(), arguments, input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("Admin password changed successfully"), "{text}");
        assert!(!text.contains(new), "{text}");
        assert_eq!(status(&double, new).await, 200);
    }
    assert_eq!(status(&double, "first1").await, 401);
}

#[tokio::test]
async fn reset_keeps_a_locked_account_locked() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let variables = [("GF_SECURITY_ADMIN_PASSWORD", "first1")];
    let double = Running::start(PROGRAM, data.path(), &variables).unwrap();
    for _ in 0..5 {
        assert_eq!(status(&double, "wrong").await, 401);
    }
    assert!(reset(folder.path(), data.path(), &["--password-from-stdin"], "second2\n").status.success());
    assert_eq!(status(&double, "second2").await, 401);
}

#[test]
fn invalid_reset_is_rejected() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (arguments, input, words) in [
        (["--password-from-stdin"].as_slice(), "", "can't read password from stdin"),
        (&["--password-from-stdin"], "abc\n", "too short"),
        (&["--password-from-stdin"], "second2\n", "user not found"),
        (&[], "", "missing password"),
    ] {
        let output = reset(folder.path(), data.path(), arguments, input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(1) && text.contains(words), "{text}");
    }
}
