//! Parses image references such as `prom/prometheus:v3.13.4`, by the grammar of the distribution project.
//!
//! Never invents a version: a reference without a tag or digest is an error, not `latest`.

mod grammar;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use grammar::{LONGEST_TAG, is_digest, is_host, is_path_component, is_tag};

const HUB: &str = "docker.io";
const HUB_ALIAS: &str = "index.docker.io";
const OFFICIAL: &str = "library/";
const LONGEST_PATH: usize = 255;

/// A reference to an image with a version, in its full form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    registry: String,
    path: String,
    version: Version,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Version {
    Tag(String),
    Digest { tag: Option<String>, digest: String },
}

/// The reason why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("image reference `{reference}` {fault}")]
pub struct ReferenceError {
    /// The text.
    pub reference: String,
    /// What is wrong with it.
    pub fault: ReferenceFault,
}

/// A fault in an image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReferenceFault {
    /// The tag and the digest are missing.
    #[error("has no tag and no digest")]
    NoVersion,
    /// The registry host or its port is invalid.
    #[error("has no valid registry host")]
    Registry,
    /// The repository name has capital letters.
    #[error("has capital letters in its repository name")]
    Capitals,
    /// The repository name is invalid.
    #[error("has no valid repository name")]
    Path,
    /// The repository name is too long.
    #[error("has a repository name of more than {LONGEST_PATH} characters")]
    LongPath,
    /// The tag is invalid.
    #[error("has no valid tag")]
    Tag,
    /// The digest is invalid.
    #[error("has no valid digest")]
    Digest,
}

/// The error for a text that is not a registry host of image references.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{host}` is not a registry host")]
pub struct RegistryError {
    /// The text.
    pub host: String,
}

impl ImageReference {
    /// Returns the registry's host, which is `docker.io` for Docker Hub.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository's path in its registry, such as `library/alpine`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Digest { tag, .. } => tag.as_deref(),
        }
    }

    /// Returns the digest, such as `sha256:…`, if there is one.
    pub fn digest(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(_) => None,
            Version::Digest { digest, .. } => Some(digest),
        }
    }

    /// Returns the version that determines the content: the digest if there is one, otherwise the tag.
    pub fn version(&self) -> &str {
        match &self.version {
            Version::Tag(version) | Version::Digest { digest: version, .. } => version,
        }
    }

    /// Returns the reference without its version, as Docker prints it.
    pub fn repository(&self) -> String {
        familiar(&self.registry, &self.path)
    }

    /// Returns the reference with the same path and version in another registry.
    pub fn with_registry(&self, host: &str) -> Result<Self, RegistryError> {
        // For Docker, a first part that does not look like a host is a folder of Docker Hub.
        if !looks_like_host(host) || !is_host(host) {
            return Err(RegistryError { host: host.to_owned() });
        }
        let (registry, path) = normalise(host, &self.path);
        Ok(Self { registry, path, version: self.version.clone() })
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(reference: &str) -> Result<Self, ReferenceError> {
        parse(reference).map_err(|fault| ReferenceError { reference: reference.to_owned(), fault })
    }
}

impl serde::Serialize for ImageReference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository())?;
        if let Some(tag) = self.tag() {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = self.digest() {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

impl ReferenceError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        let reference = &self.reference;
        match self.fault {
            ReferenceFault::NoVersion => Some(format!("pin a version, for example `{reference}:1.2.3`")),
            ReferenceFault::Capitals => Some("write the repository name in lower case".to_owned()),
            ReferenceFault::Registry if reference.contains("://") => Some("omit the scheme".to_owned()),
            ReferenceFault::Registry | ReferenceFault::Path | ReferenceFault::LongPath => {
                Some("write `[HOST[:PORT]/]PATH:TAG`, for example `prom/prometheus:v3.13.4`".to_owned())
            }
            ReferenceFault::Tag => {
                Some(format!("a tag consists of up to {LONGEST_TAG} letters, digits, `_`, `.` or `-`"))
            }
            ReferenceFault::Digest => {
                Some("a digest consists of `sha256:` and 64 hexadecimal digits".to_owned())
            }
        }
    }
}

impl RegistryError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            "write a host with a dot or a port and nothing else, for example `mirror.example:5000`"
                .to_owned(),
        )
    }
}

fn parse(reference: &str) -> Result<ImageReference, ReferenceFault> {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[name_start..].find(':') {
        Some(colon) => (&rest[..name_start + colon], Some(&rest[name_start + colon + 1..])),
        None => (rest, None),
    };
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if looks_like_host(host) => (host, path),
        _ => (HUB, name),
    };
    if !is_host(host) {
        return Err(ReferenceFault::Registry);
    }
    let (registry, path) = normalise(host, path);
    if path.contains(|letter: char| letter.is_ascii_uppercase()) {
        return Err(ReferenceFault::Capitals);
    }
    if !path.split('/').all(is_path_component) {
        return Err(ReferenceFault::Path);
    }
    if path.len() > LONGEST_PATH {
        return Err(ReferenceFault::LongPath);
    }
    if !tag.is_none_or(is_tag) {
        return Err(ReferenceFault::Tag);
    }
    if !digest.is_none_or(is_digest) {
        return Err(ReferenceFault::Digest);
    }
    let version = match (tag.map(str::to_owned), digest.map(str::to_owned)) {
        (tag, Some(digest)) => Version::Digest { tag, digest },
        (Some(tag), None) => Version::Tag(tag),
        (None, None) => return Err(ReferenceFault::NoVersion),
    };
    Ok(ImageReference { registry, path, version })
}

fn normalise(host: &str, path: &str) -> (String, String) {
    if host != HUB && host != HUB_ALIAS {
        return (host.to_owned(), path.to_owned());
    }
    let path = if path.contains('/') { path.to_owned() } else { format!("{OFFICIAL}{path}") };
    (HUB.to_owned(), path)
}

fn familiar(registry: &str, path: &str) -> String {
    if registry != HUB {
        return format!("{registry}/{path}");
    }
    match path.strip_prefix(OFFICIAL) {
        Some(name) if !name.contains('/') => name.to_owned(),
        // The short form would be parsed as another registry.
        _ if path.split('/').next().is_some_and(looks_like_host) => format!("{registry}/{path}"),
        _ => path.to_owned(),
    }
}

fn looks_like_host(part: &str) -> bool {
    part == "localhost"
        || part.contains(['.', ':'])
        || part.contains(|letter: char| letter.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn read(reference: &str) -> ImageReference {
        reference.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn references_are_normalised_and_printed_like_docker() {
        for (text, registry, path, printed) in [
            ("alpine:3", "docker.io", "library/alpine", "alpine:3"),
            ("library/alpine:3", "docker.io", "library/alpine", "alpine:3"),
            ("docker.io/alpine:3", "docker.io", "library/alpine", "alpine:3"),
            ("index.docker.io/prom/x:v1", "docker.io", "prom/x", "prom/x:v1"),
            ("prom/prometheus:v3.13.4", "docker.io", "prom/prometheus", "prom/prometheus:v3.13.4"),
            ("docker.io/library/a/b:1", "docker.io", "library/a/b", "library/a/b:1"),
            ("docker.io/a.b/c:1", "docker.io", "a.b/c", "docker.io/a.b/c:1"),
            ("127.0.0.1:5000/x/y:tag", "127.0.0.1:5000", "x/y", "127.0.0.1:5000/x/y:tag"),
            ("[::1]:5000/x:1", "[::1]:5000", "x", "[::1]:5000/x:1"),
            ("[fe80::1]/x:1", "[fe80::1]", "x", "[fe80::1]/x:1"),
            ("localhost/x:1", "localhost", "x", "localhost/x:1"),
            ("localhost:5000", "docker.io", "library/localhost", "localhost:5000"),
            ("Mirror/x:1", "Mirror", "x", "Mirror/x:1"),
            ("a__b/c--d.e_f:_1.-", "docker.io", "a__b/c--d.e_f", "a__b/c--d.e_f:_1.-"),
        ] {
            let image = read(text);
            assert_eq!(
                (image.registry(), image.path(), image.to_string().as_str()),
                (registry, path, printed)
            );
            assert_eq!(read(printed), image, "{printed} does not read back as {text}");
        }
    }

    #[test]
    fn digest_takes_precedence_over_tag() {
        let image = read(&format!("ghcr.io/a/b:v1@{DIGEST}"));
        assert_eq!((image.tag(), image.digest(), image.version()), (Some("v1"), Some(DIGEST), DIGEST));
        assert_eq!(
            (image.repository(), image.to_string()),
            ("ghcr.io/a/b".into(), format!("ghcr.io/a/b:v1@{DIGEST}"))
        );
        let image = read(&format!("ghcr.io/a/b@{DIGEST}"));
        assert_eq!((image.tag(), image.version()), (None, DIGEST));
        let image = read("ghcr.io/a/b:v1");
        assert_eq!((image.digest(), image.version()), (None, "v1"));
    }

    #[test]
    fn malformed_references_report_their_fault() {
        let long_path = format!("{}:1", "a".repeat(249));
        let long_tag = format!("a/b:{}", "1".repeat(129));
        let capital_digest = format!("a/b@{}", DIGEST.to_uppercase());
        let digest_of_other_length = format!("a/b@{DIGEST}0");
        let two_digests = format!("a/b@{DIGEST}@{DIGEST}");
        for (text, fault) in [
            ("prom/prometheus", ReferenceFault::NoVersion),
            ("127.0.0.1:5000/x/y", ReferenceFault::NoVersion),
            ("https://ghcr.io/a:1", ReferenceFault::Registry),
            ("host:port/a:1", ReferenceFault::Registry),
            ("-a.b/c:1", ReferenceFault::Registry),
            ("a..b/c:1", ReferenceFault::Registry),
            ("[x]:1/c:1", ReferenceFault::Registry),
            ("Alpine:3", ReferenceFault::Capitals),
            ("prom/Prometheus:v1", ReferenceFault::Capitals),
            ("", ReferenceFault::Path),
            (":1", ReferenceFault::Path),
            ("/a:1", ReferenceFault::Path),
            ("a//b:1", ReferenceFault::Path),
            ("a/b/:1", ReferenceFault::Path),
            ("a_-b:1", ReferenceFault::Path),
            ("a___b:1", ReferenceFault::Path),
            ("-a:1", ReferenceFault::Path),
            ("a.:1", ReferenceFault::Path),
            ("größe:1", ReferenceFault::Path),
            (&long_path, ReferenceFault::LongPath),
            ("a/b:", ReferenceFault::Tag),
            ("a/b:.1", ReferenceFault::Tag),
            ("a/b:1+2", ReferenceFault::Tag),
            ("a/b:1:2", ReferenceFault::Tag),
            ("a/b:1 ", ReferenceFault::Tag),
            (&long_tag, ReferenceFault::Tag),
            ("a/b@", ReferenceFault::Digest),
            ("a/b@sha256:0123", ReferenceFault::Digest),
            ("a/b@md5:0123456789abcdef0123456789abcdef", ReferenceFault::Digest),
            (&capital_digest, ReferenceFault::Digest),
            (&digest_of_other_length, ReferenceFault::Digest),
            (&two_digests, ReferenceFault::Digest),
        ] {
            let error = text.parse::<ImageReference>().unwrap_err();
            assert_eq!(error, ReferenceError { reference: text.to_owned(), fault }, "{text}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn missing_version_is_refused_with_a_hint() {
        let error = "prom/prometheus".parse::<ImageReference>().unwrap_err();
        assert_eq!(error.to_string(), "image reference `prom/prometheus` has no tag and no digest");
        assert_eq!(error.hint().unwrap(), "pin a version, for example `prom/prometheus:1.2.3`");
    }

    #[test]
    fn with_registry_keeps_path_and_version() {
        for (text, host, expected) in [
            ("alpine:3", "mirror:5000", "mirror:5000/library/alpine:3"),
            ("prom/x:v1", "mirror.example", "mirror.example/prom/x:v1"),
            ("ghcr.io/a:1", "localhost", "localhost/a:1"),
            ("ghcr.io/a:1", "docker.io", "a:1"),
            ("ghcr.io/a/b:1", "index.docker.io", "a/b:1"),
        ] {
            let image = read(text).with_registry(host).unwrap();
            assert_eq!(image.to_string(), expected);
            assert_eq!(read(expected), image);
        }
        for host in
            ["", "mirror", "https://mirror.example", "mirror.example/", "mirror.example/team", "a b.c"]
        {
            let error = read("alpine:3").with_registry(host).unwrap_err();
            assert_eq!(error.to_string(), format!("`{host}` is not a registry host"));
        }
    }
}
