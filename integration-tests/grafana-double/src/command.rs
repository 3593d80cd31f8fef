//! `grafana cli … admin reset-admin-password`: sets a password in the data, also while the server runs.
//!
//! It does not reset wrong tries: like with the real command, a locked account stays locked.

use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{Flags, Settings};
use crate::state::password::{Hashed, SHORTEST};
use crate::state::store::Store;

/// The program name that selects this command.
pub(crate) const NAME: &str = "grafana";

/// Commands of Grafana that this test double supports
#[derive(Debug, Parser)]
#[command(name = NAME, version)]
struct Command {
    #[command(subcommand)]
    area: Area,
}

#[derive(Debug, Subcommand)]
enum Area {
    /// Commands without a server
    Cli(Cli),
}

#[derive(Debug, Parser)]
struct Cli {
    /// Folder of Grafana's own files
    #[arg(long)]
    homepath: Option<PathBuf>,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Commands for administrators
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Set the password of an administrator
    ResetAdminPassword(Reset),
}

#[derive(Debug, Parser)]
struct Reset {
    /// Read the password from standard input
    #[arg(long)]
    password_from_stdin: bool,
    /// Number of the user
    #[arg(long, default_value_t = 1)]
    user_id: u64,
    /// The password
    password: Option<String>,
}

/// Runs the command, and returns the exit code.
pub(crate) fn main() -> ExitCode {
    let Area::Cli(Cli { command: CliCommand::Admin(Admin::ResetAdminPassword(reset)), .. }) =
        Command::parse().area;
    match run(reset) {
        Ok(()) => {
            crate::log::raw("\nAdmin password changed successfully");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            crate::log::raw(&format!("Error: \u{2717} {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn run(reset: Reset) -> Result<(), String> {
    // Like the server, the command fails if a file in its settings is missing.
    let settings = Settings::resolve(Flags::parse_from(["grafana-double"]))?;
    let password = match (reset.password_from_stdin, reset.password) {
        (true, _) => from_stdin()?,
        (false, Some(password)) => password,
        (false, None) => return Err("missing password".into()),
    };
    if password.chars().count() < SHORTEST {
        return Err("new password is too short".into());
    }
    let store = Store::open(&settings.data)?;
    store.write(|state| {
        let user = state.users.iter_mut().find(|user| user.id == reset.user_id);
        let user = user.ok_or("could not read user from database. Error: user not found")?;
        user.password = Hashed::new(&password);
        Ok(())
    })
}

/// Returns the first line of standard input.
fn from_stdin() -> Result<String, String> {
    crate::log::raw("New Password: ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match read {
        Ok(1..) => Ok(line.trim_end_matches(['\n', '\r']).to_string()),
        Ok(0) => Err("can't read password from stdin".into()),
        Err(error) => Err(format!("can't read password from stdin: {error}")),
    }
}
