//! What the effects on one stack have in common.

use crate::engine::{Engine, EngineWriter};
use crate::files::ConfigFolder;
use crate::http::Http;
use crate::model::stack::Stack;

/// A stack, and the ways to reach it. The session makes it once it is connected to the engine.
#[derive(Clone, Copy, Debug)]
pub struct StackContext<'a> {
    /// The engine, with the calls that change it.
    pub operator: &'a EngineWriter,
    /// The HTTP client for the ports of the services.
    pub http: &'a Http,
    /// The desired state of the stack.
    pub stack: &'a Stack,
    /// The configuration folder of the stack.
    pub folder: &'a ConfigFolder,
}

impl<'a> StackContext<'a> {
    /// Returns the engine, with the calls that only read.
    pub fn engine(&self) -> &'a Engine {
        self.operator.engine()
    }
}
