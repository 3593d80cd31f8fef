//! The configuration folder, whatever lies in it.

use std::fs;

use proptest::prelude::*;
use tdd_stack::files::ConfigFolder;

use super::{is_told, mutate, target};

#[test]
fn any_file_and_any_list_of_hashes_is_read_or_refused_and_can_be_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = ConfigFolder::at(folder.path().join("config"));
    let runtime = integration_tests::runtime::own();
    runtime.block_on(config.write("alerts.yml", "groups: []\n")).expect("it can be written");
    let list = folder.path().join("config/.tdd-stack.sha256");
    let seed = fs::read(&list).expect("it was written");
    let bytes = (mutate::bytes(vec![seed]), mutate::bytes(vec![b"groups: []\n".to_vec()]));
    target("folder", 800, bytes, |(hashes, content)| {
        fs::write(&list, hashes).expect("it can be written");
        fs::write(folder.path().join("config/alerts.yml"), &content).expect("it can be written");
        match config.read(["alerts.yml"].into_iter()) {
            Ok(read) => prop_assert_eq!(read["alerts.yml"].content.as_bytes(), &content),
            Err(error) => {
                is_told(&error)?;
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
