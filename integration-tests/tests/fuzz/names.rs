//! Image references, engine addresses, and Docker's configuration files.

use std::fs;

use proptest::prelude::*;
use tdd_stack::docker::credentials;
use tdd_stack::docker::endpoint::{self, Asked};
use tdd_stack::docker::image_reference::ImageReference;
use tokio::runtime::Builder;

use super::{mutate, target};

#[test]
fn printed_image_reference_parses_to_itself() {
    let seeds = [
        "prom/prometheus:v3.13.4",
        "localhost:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "[::1]:5000/a:1",
    ];
    target("image-reference", 5000, mutate::text(seeds), |text| {
        match text.parse::<ImageReference>() {
            Ok(image) => prop_assert_eq!(image.to_string().parse::<ImageReference>(), Ok(image)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        Ok(())
    });
}

#[test]
fn printed_engine_address_parses_to_itself() {
    let seeds = [
        "unix:///run/docker.sock",
        "tcp://10.0.0.7:2375",
        "tcp://[::1]:99",
        "http://box",
        "tcp://me:secret@box",
        "ssh://me@box",
    ];
    target("endpoint", 5000, mutate::text(seeds), |text| {
        let find =
            |text: &str| endpoint::find(Asked { host: Some(text), ..Asked::default() }, |_| None, None);
        match find(&text) {
            Ok(found) if !text.is_empty() => {
                let again = find(&found.to_string())
                    .map_err(|error| TestCaseError::fail(format!("{found}: {error}")))?;
                prop_assert_eq!(again.address, found.address);
            }
            Ok(_) => {}
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                error.hint();
            }
        }
        Ok(())
    });
}

#[test]
fn any_docker_configuration_is_read_or_rejected() {
    let config = br#"{"auths":{"quay.io":{"auth":"bWU6c2VjcmV0"},"https://index.docker.io/v1/":{"identitytoken":"t"}},"credHelpers":{"ghcr.io":""},"currentContext":"far"}"#;
    let context = br#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2375","SkipTLSVerify":false}}}"#;
    let either = |seed: &[u8]| {
        prop_oneof![mutate::bytes(vec![seed.to_vec()]), mutate::json_bytes(vec![seed.to_vec()])]
    };
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    // The folder is the SHA-256 of the context's name.
    let meta =
        folder.path().join("contexts/meta/512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868");
    fs::create_dir_all(&meta).expect("the folder can be created");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    target("docker-files", 800, (either(config), either(context)), |(config, context)| {
        fs::write(folder.path().join("config.json"), config).expect("it is writable");
        fs::write(meta.join("meta.json"), context).expect("it is writable");
        if let Err(error) = endpoint::find(Asked::default(), |_| None, Some(folder.path())) {
            prop_assert!(!error.to_string().is_empty());
        }
        for registry in ["docker.io", "quay.io", "ghcr.io"] {
            if let Err(error) = runtime.block_on(credentials::credentials(registry, Some(folder.path()))) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
        Ok(())
    });
}
