//! Answers to rejected saves, in the words of each flavour.

use axum::http::StatusCode;

use crate::api::answer::Answer;
use crate::flavour::Flavour;

/// Returns the answer for a missing dashboard.
pub(crate) fn unknown_dashboard() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "Dashboard not found")
}

pub(super) fn no_such_id(flavour: Flavour) -> Answer {
    match flavour {
        Flavour::Classic => Answer::with_status(StatusCode::NOT_FOUND, "Dashboard not found", "not-found"),
        Flavour::Unified => Answer::message(StatusCode::NOT_FOUND, "Dashboard not found"),
    }
}

pub(super) fn changed_by_someone_else(flavour: Flavour) -> Answer {
    match flavour {
        Flavour::Classic => {
            let message = "The dashboard has been changed by someone else";
            Answer::with_status(StatusCode::PRECONDITION_FAILED, message, "version-mismatch")
        }
        Flavour::Unified => {
            let message = "Dashboard already exists. Use overwrite flag to update.";
            Answer::message(StatusCode::CONFLICT, message)
        }
    }
}

pub(super) fn no_title(flavour: Flavour) -> Answer {
    bad(match flavour {
        Flavour::Classic => "Dashboard is missing required title property",
        Flavour::Unified => "Dashboard spec is missing required title property",
    })
}

pub(super) fn illegal_uid(flavour: Flavour, uid: &str) -> Answer {
    match flavour {
        Flavour::Classic => bad("uid contains illegal characters"),
        Flavour::Unified => invalid_name(uid, "contains illegal characters"),
    }
}

pub(super) fn long_uid(flavour: Flavour, uid: &str) -> Answer {
    match flavour {
        Flavour::Classic => bad("uid too long, max 40 characters"),
        Flavour::Unified => invalid_name(uid, "must be no more than 40 characters"),
    }
}

pub(super) fn no_such_folder(flavour: Flavour, uid: &str) -> Answer {
    let status = match flavour {
        Flavour::Classic => StatusCode::BAD_REQUEST,
        Flavour::Unified => StatusCode::NOT_FOUND,
    };
    Answer::message(status, format!("folders.folder.grafana.app \"{uid}\" not found"))
}

pub(super) fn provisioned() -> Answer {
    bad("Cannot save provisioned dashboard")
}

pub(super) fn uid_of_another() -> Answer {
    bad("A dashboard with the same uid already exists")
}

pub(super) fn long_message() -> Answer {
    bad("message too long, max 500 characters")
}

fn invalid_name(uid: &str, reason: &str) -> Answer {
    bad(&format!("Dashboard.dashboard.grafana.app \"{uid}\" is invalid: metadata.name: {reason}"))
}

fn bad(message: &str) -> Answer {
    Answer::message(StatusCode::BAD_REQUEST, message)
}
