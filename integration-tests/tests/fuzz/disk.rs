//! Any content in the configuration folder.

use std::fs;

use proptest::prelude::*;
use tdd_stack::files::ConfigFolder;

use super::{is_reported, mutate, target};

#[test]
fn any_file_and_checksum_list_can_be_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let config = ConfigFolder::at(folder.path().join("config"));
    let runtime = integration_tests::runtime::own();
    runtime.block_on(config.write("alerts.yml", "groups: []\n")).expect("it is writable");
    let list = folder.path().join("config/.tdd-stack.sha256");
    let seed = fs::read(&list).expect("the list was written");
    let bytes = (mutate::bytes(vec![seed]), mutate::bytes(vec![b"groups: []\n".to_vec()]));
    target("folder", 800, bytes, |(hashes, content)| {
        fs::write(&list, hashes).expect("it is writable");
        fs::write(folder.path().join("config/alerts.yml"), &content).expect("it is writable");
        match config.read(["alerts.yml"].into_iter()) {
            Ok(read) => prop_assert_eq!(read["alerts.yml"].content.as_bytes(), &content),
            Err(error) => {
                is_reported(&error)?;
                prop_assert!(String::from_utf8(content).is_err());
            }
        }
        runtime
            .block_on(config.write_all(&[("alerts.yml", "groups: [] # new\n")]))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let read = config
            .read(["alerts.yml"].into_iter())
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read["alerts.yml"].author, tdd_stack::model::observed::Author::Program);
        Ok(())
    });
}
