//! The reasons why a pull fails, and their fixes. `docker::phrases` recognizes the reason from the answer.

use std::fmt;

use super::Error;
use crate::docker::image_reference::ImageReference;

/// Why an image could not be pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullFault {
    /// The registry requires a login, or another one.
    Unauthorized,
    /// The registry denies access to the repository, which may not even exist.
    Denied,
    /// The registry does not have the repository, or not this tag of it.
    NotFound,
    /// The pull rate limit is reached.
    RateLimited,
    /// The registry itself fails, possibly for a moment only.
    Unavailable,
    /// No registry answers at the address, or none that the engine trusts.
    Unreachable,
    /// The data from the registry does not match the registry's checksums.
    Damaged,
    /// The image exists, but not for the engine's platform.
    OtherPlatform,
    /// The engine's disk is full.
    NoSpace,
    /// The image is missing, and pulling was disabled.
    NotAsked,
    /// Docker's credentials for the registry cannot be read.
    Credentials,
    /// Another reason.
    Other,
}

impl PullFault {
    /// Returns whether the same pull may succeed a moment later. A pull is not retried against a rate limit.
    pub fn may_pass(self) -> bool {
        self == Self::Unavailable
    }

    /// Returns the reason, with the pronouns for one image or for several.
    fn words(self, [its, it, is]: [&str; 3]) -> String {
        match self {
            Self::Unauthorized => format!("{its} registry requires a login"),
            Self::Denied => format!("{its} registry denies access"),
            Self::NotFound => format!("{its} registry does not have {it}"),
            Self::RateLimited => format!("{its} registry's pull rate limit is reached"),
            Self::Unavailable => format!("{its} registry is unavailable"),
            Self::Unreachable => format!("{its} registry is unreachable"),
            Self::Damaged => format!("the data from {its} registry is corrupted"),
            Self::OtherPlatform => format!("{is} not built for the engine's platform"),
            Self::NoSpace => "the engine's disk is full".into(),
            Self::NotAsked => format!("{is} missing on the engine"),
            Self::Credentials => format!("the credentials for {its} registry cannot be read"),
            Self::Other => "the pull failed".into(),
        }
    }

    /// Returns the reason for several images.
    pub fn of_several(self) -> String {
        self.words(["their", "them", "they are"])
    }

    /// Returns the fix for an image.
    pub fn way_out(self, image: &str) -> String {
        let reference = image.parse::<ImageReference>().ok();
        let registry = reference.as_ref().map_or("", ImageReference::registry);
        let login = match registry {
            "" | "docker.io" => "`docker login`".into(),
            host => format!("`docker login {host}`"),
        };
        let elsewhere = "pull from another registry with `--registry HOST` \
                          (`scripts/offline-images.sh` creates a local one)";
        match self {
            Self::Unauthorized => format!("{login} with an account that has access, or {elsewhere}"),
            Self::Denied => {
                format!(
                    "check the name in `--image`; if it is correct, {login} with an account that has access, or {elsewhere}"
                )
            }
            Self::NotFound => format!("check name and tag in `--image`, or {elsewhere}"),
            Self::RateLimited => {
                format!(
                    "wait until the rate limit resets, or {login}, which raises the limit, or {elsewhere}"
                )
            }
            Self::Unavailable => {
                format!("run `tdd-stack up` again when the registry recovers, or {elsewhere}")
            }
            Self::Unreachable => format!(
                "check the registry's name and port, and the network, proxy and certificates of the engine's host, or \
                 {elsewhere}"
            ),
            Self::Damaged => format!(
                "run `tdd-stack up` again; if the error stays, the registry or a proxy in front of it has a corrupted copy: \
                 push the image again, or {elsewhere}"
            ),
            Self::OtherPlatform => format!(
                "use an image that is built for the engine's platform, which `docker version` shows, with `--image`, \
                 or {elsewhere}"
            ),
            Self::NotAsked => "omit `--pull never`, or load the image with `docker load`".into(),
            Self::NoSpace => "free space on the engine's disk: `docker system df` shows what uses it".into(),
            Self::Credentials => format!(
                "fix the registry's entry in Docker's `config.json`, or use another directory with `DOCKER_CONFIG`, \
                 or {elsewhere}"
            ),
            Self::Other => format!("check the name in `--image`, or {elsewhere}"),
        }
    }
}

impl fmt::Display for PullFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(["its", "it", "it is"]))
    }
}

impl Error {
    /// Merges another failure of the same cause, because one cause is one error. Returns it if its cause
    /// differs.
    pub fn join(&mut self, other: Self) -> std::result::Result<(), Self> {
        match (self, other) {
            (
                Self::Pull { images, fault, source },
                Self::Pull { images: others, fault: other, source: reason },
            ) if *fault == other
                    && registry(images) == registry(&others)
                    // Nothing but the text is known of the cause.
                    && (other != PullFault::Other || source.to_string() == reason.to_string()) =>
            {
                images.extend(others);
                Ok(())
            }
            (_, other) => Err(other),
        }
    }
}

/// Returns the images and the reason, without the registry's answer.
pub(super) fn told(images: &[String], fault: PullFault) -> String {
    match images {
        [image] => format!("`{image}`: {fault}"),
        images => {
            let lines: Vec<String> = images.iter().map(|image| format!("\n  `{image}`")).collect();
            let why = fault.of_several();
            format!("{} images: {why}{}", images.len(), lines.concat())
        }
    }
}

/// Returns the registry of the first image.
fn registry(images: &[String]) -> Option<String> {
    let image: ImageReference = images.first()?.parse().ok()?;
    Some(image.registry().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [PullFault; 12] = [
        PullFault::Unauthorized,
        PullFault::Denied,
        PullFault::NotFound,
        PullFault::RateLimited,
        PullFault::Unavailable,
        PullFault::Unreachable,
        PullFault::Damaged,
        PullFault::OtherPlatform,
        PullFault::NoSpace,
        PullFault::NotAsked,
        PullFault::Credentials,
        PullFault::Other,
    ];

    #[test]
    fn only_unavailable_registries_are_retried() {
        let passing: Vec<PullFault> = ALL.into_iter().filter(|fault| fault.may_pass()).collect();
        assert_eq!(passing, [PullFault::Unavailable]);
    }

    #[test]
    fn pull_fix_names_the_login_registry() {
        let host = |image| PullFault::RateLimited.way_out(image);
        assert!(host("prom/prometheus:v3.5.3").contains("`docker login`,"));
        assert!(host("r.example:5000/prom/prometheus:v3.5.3").contains("`docker login r.example:5000`"));
        for fault in ALL {
            let offers_registry = fault.way_out("prom/prometheus:v3.5.3").contains("--registry HOST");
            assert_eq!(
                offers_registry,
                !matches!(fault, PullFault::NoSpace | PullFault::NotAsked),
                "{fault:?}"
            );
        }
    }

    #[test]
    fn pull_failures_join_by_cause_and_registry() {
        let failure = |image: &str, fault, reason: &str| Error::Pull {
            images: vec![image.into()],
            fault,
            source: reason.into(),
        };
        let mut first = failure("r.example/a:1", PullFault::Unreachable, "dial tcp: refused");
        first.join(failure("r.example/b:1", PullFault::Unreachable, "dial tcp: timeout")).unwrap();
        assert_eq!(
            first.to_string(),
            "cannot pull 2 images: their registry is unreachable\n  `r.example/a:1`\n  `r.example/b:1`"
        );
        for other in [
            failure("r.example/c:1", PullFault::NotFound, "dial tcp: refused"),
            failure("elsewhere.example/c:1", PullFault::Unreachable, "dial tcp: refused"),
            Error::Interrupted,
        ] {
            assert!(first.join(other).is_err());
        }
        let mut unknown = failure("a:1", PullFault::Other, "one");
        assert!(unknown.join(failure("b:1", PullFault::Other, "another")).is_err());
        assert!(unknown.join(failure("b:1", PullFault::Other, "one")).is_ok());
    }
}
