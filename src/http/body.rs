//! The bodies of answers, up to a size: whatever answers on a port may never come to an end.

use serde_json::Value;

use super::transcript::Response;
use crate::error::Source;

/// Many times what a large Prometheus says of itself, in bytes.
const LONGEST: usize = 32 * 1024 * 1024;

/// Returns an answer's text, `�` for what is none.
pub(super) async fn text(response: Response) -> Result<String, Source> {
    Ok(String::from_utf8_lossy(&bytes(response).await?).into_owned())
}

/// Returns an answer's JSON.
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
