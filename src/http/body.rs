//! Response bodies, read up to a size limit: a program on the port may send without end.

use serde_json::Value;

use super::transcript::Response;
use crate::error::Source;

/// The size limit in bytes: many times what a large Prometheus returns.
const LONGEST: usize = 32 * 1024 * 1024;

/// Returns the body of an answer as text, with `�` for invalid UTF-8.
pub(super) async fn text(response: Response) -> Result<String, Source> {
    Ok(String::from_utf8_lossy(&bytes(response).await?).into_owned())
}

/// Returns the body of an answer as JSON.
pub(super) async fn json(response: Response) -> Result<Value, Source> {
    Ok(serde_json::from_slice(&bytes(response).await?)?)
}

async fn bytes(mut response: Response) -> Result<Vec<u8>, Source> {
    let mut bytes = Vec::new();
    if response.read(&mut bytes, LONGEST).await? {
        Ok(bytes)
    } else {
        Err(format!("the answer is longer than {} MiB", LONGEST / (1024 * 1024)).into())
    }
}
