//! Requests any address and reports how it answers.

use super::Http;
use crate::doctor::ProbeAnswer;

impl Http {
    /// Returns how an address answers a request of this machine.
    pub async fn ask(&self, url: &str) -> ProbeAnswer {
        match self.send(self.client.get(url)).await {
            Ok(response) => {
                let content_type = response.headers().get("content-type");
                ProbeAnswer::Http {
                    status: response.status().as_u16(),
                    content_type: content_type.and_then(|text| text.to_str().ok()).map(ToString::to_string),
                }
            }
            Err(error) if error.is_timeout() => ProbeAnswer::Silent,
            Err(error) if error.is_connect() => ProbeAnswer::Refused,
            Err(error) => ProbeAnswer::Unclear(super::in_short(&error)),
        }
    }
}
