//! Why an image could not be pulled, and what to do about it. `engine_phrases` recognises which it is.

use std::fmt;

use super::Error;
use crate::docker::image_reference::ImageReference;

/// Why an image could not be pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullFault {
    /// The registry wants a login, or another one.
    Unauthorized,
    /// The registry refuses access to the repository, which it may not even have.
    Denied,
    /// The registry does not have the repository, or not this version of the image.
    NotFound,
    /// Too much was pulled in a time.
    RateLimited,
    /// The registry itself is out of order, which may pass.
    Unavailable,
    /// Nothing answers where the registry should be, or nothing that the engine trusts.
    Unreachable,
    /// What the registry sent is not what its own checksums say.
    Damaged,
    /// The image exists, but not for the engine's processor or system.
    OtherPlatform,
    /// The engine has no room for it.
    NoSpace,
    /// It is not there, and was not to be pulled.
    NotAsked,
    /// Docker's credentials for its registry cannot be read.
    Credentials,
    /// Something else.
    Other,
}

impl PullFault {
    /// Returns whether the same pull may succeed a moment later. A limit that is reached is not tried against.
    pub fn may_pass(self) -> bool {
        self == Self::Unavailable
    }

    /// Returns why, with the pronouns of one image or of several.
    fn words(self, [its, it, is]: [&str; 3]) -> String {
        match self {
            Self::Unauthorized => format!("{its} registry wants a login"),
            Self::Denied => format!("{its} registry refuses access"),
            Self::NotFound => format!("{its} registry does not have {it}"),
            Self::RateLimited => format!("{its} registry's limit of pulls is reached"),
            Self::Unavailable => format!("{its} registry is out of order"),
            Self::Unreachable => format!("{its} registry cannot be reached"),
            Self::Damaged => format!("what {its} registry sent is damaged"),
            Self::OtherPlatform => format!("{is} not built for the engine's platform"),
            Self::NoSpace => "the engine's disk is full".into(),
            Self::NotAsked => format!("{is} not there"),
            Self::Credentials => format!("the credentials for {its} registry cannot be read"),
            Self::Other => "the pull did not end well".into(),
        }
    }

    /// Returns what to do next about an image.
    pub fn way_out(self, image: &str) -> String {
        let reference = image.parse::<ImageReference>().ok();
        let registry = reference.as_ref().map_or("", ImageReference::registry);
        let login = match registry {
            "" | "docker.io" => "`docker login`".into(),
            host => format!("`docker login {host}`"),
        };
        let elsewhere = "take the images from elsewhere with `--registry HOST` \
                         (`scripts/offline-images.sh` makes a local one)";
        match self {
            Self::Unauthorized => format!("{login} with an account that may read it, or {elsewhere}"),
            Self::Denied => {
                format!(
                    "check the name with `--image`; if it is right, {login} with an account that may read it, or {elsewhere}"
                )
            }
            Self::NotFound => format!("check name and tag with `--image`, or {elsewhere}"),
            Self::RateLimited => {
                format!(
                    "wait until the registry's period is over, or {login}, which allows more, or {elsewhere}"
                )
            }
            Self::Unavailable => {
                format!("run `tdd-stack up` again when the registry is well, or {elsewhere}")
            }
            Self::Unreachable => format!(
                "check the registry's name and port, and the engine host's network, proxy and certificates, or \
                 {elsewhere}"
            ),
            Self::Damaged => format!(
                "run `tdd-stack up` again; if it stays so, the registry or a proxy before it holds a damaged copy: \
                 push the image anew, or {elsewhere}"
            ),
            Self::OtherPlatform => format!(
                "name an image that is built for the engine's platform (`docker version` tells it) with `--image`, \
                 or {elsewhere}"
            ),
            Self::NotAsked => {
                "leave out `--pull never`, or bring the image to the engine by `docker load`".into()
            }
            Self::NoSpace => "make room on the engine's disk: `docker system df` shows what takes it".into(),
            Self::Credentials => format!(
                "fix what Docker's `config.json` says of the registry, or name another directory with \
                 `DOCKER_CONFIG`, or {elsewhere}"
            ),
            Self::Other => format!("check the name with `--image`, or {elsewhere}"),
        }
    }
}

impl fmt::Display for PullFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(["its", "it", "it is"]))
    }
}

impl Error {
    /// Takes in another failure of the same cause: one cause is one error. Gives it back where its cause is another.
    pub fn join(&mut self, other: Self) -> std::result::Result<(), Self> {
        match (self, other) {
            (
                Self::Pull { images, fault, source },
                Self::Pull { images: others, fault: other, source: reason },
            ) if *fault == other
                    && registry(images) == registry(&others)
                    // Nothing is known of the cause but its words.
                    && (other != PullFault::Other || source.to_string() == reason.to_string()) =>
            {
                images.extend(others);
                Ok(())
            }
            (_, other) => Err(other),
        }
    }
}

/// Returns what could not be pulled and why, without the registry's answer.
pub(super) fn told(images: &[String], fault: PullFault) -> String {
    match images {
        [image] => format!("`{image}`: {fault}"),
        images => {
            let lines: Vec<String> = images.iter().map(|image| format!("\n  `{image}`")).collect();
            let why = fault.words(["their", "them", "they are"]);
            format!("{} images: {why}{}", images.len(), lines.concat())
        }
    }
}

/// Returns the registry of images that have one in common.
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
    fn only_what_may_pass_is_tried_again() {
        let passing: Vec<PullFault> = ALL.into_iter().filter(|fault| fault.may_pass()).collect();
        assert_eq!(passing, [PullFault::Unavailable]);
    }

    #[test]
    fn a_way_out_names_the_registry_to_log_in_to() {
        let host = |image| PullFault::RateLimited.way_out(image);
        assert!(host("prom/prometheus:v3.5.3").contains("`docker login`,"));
        assert!(host("r.example:5000/prom/prometheus:v3.5.3").contains("`docker login r.example:5000`"));
        for fault in ALL {
            let names_another = fault.way_out("prom/prometheus:v3.5.3").contains("--registry HOST");
            assert_eq!(
                names_another,
                !matches!(fault, PullFault::NoSpace | PullFault::NotAsked),
                "{fault:?}"
            );
        }
    }

    #[test]
    fn failures_of_one_cause_are_one_error_that_names_all_images() {
        let failure = |image: &str, fault, reason: &str| Error::Pull {
            images: vec![image.into()],
            fault,
            source: reason.into(),
        };
        let mut first = failure("r.example/a:1", PullFault::Unreachable, "dial tcp: refused");
        first.join(failure("r.example/b:1", PullFault::Unreachable, "dial tcp: timeout")).unwrap();
        assert_eq!(
            first.to_string(),
            "cannot pull 2 images: their registry cannot be reached\n  `r.example/a:1`\n  `r.example/b:1`"
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
