//! `tdd-stack.version/1`: the versions of the program and of the services.

use serde::Serialize;

use crate::services::Release;

/// The result of `version`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.version/1")]
pub(crate) struct VersionDocument<'a> {
    /// The version of tdd-stack.
    version: &'a str,
    /// The services.
    services: Vec<ReleaseItem<'a>>,
}

/// The versions of a service.
#[derive(Debug, Serialize)]
struct ReleaseItem<'a> {
    /// The name of the service.
    service: &'a str,
    /// The reference of the image that is pulled by default.
    image: &'a str,
    /// The version that the tests ran with.
    tested: &'a str,
}

pub(crate) fn versions<'a>(program: &'a str, releases: &'a [Release]) -> VersionDocument<'a> {
    let release = |release: &'a Release| ReleaseItem {
        service: release.service,
        image: release.image,
        tested: release.tested,
    };
    VersionDocument { version: program, services: releases.iter().map(release).collect() }
}
