//! Asks any address how it answers.

use super::Http;
use crate::doctor::Answer;

impl Http {
    /// Returns how an address answers to this machine.
    pub async fn ask(&self, url: &str) -> Answer {
        match self.send(self.client.get(url)).await {
            Ok(response) => {
                let content_type = response.headers().get("content-type");
                Answer::Http {
                    status: response.status().as_u16(),
                    content_type: content_type.and_then(|text| text.to_str().ok()).map(ToString::to_string),
                }
            }
            Err(error) if error.is_timeout() => Answer::Silent,
            Err(error) if error.is_connect() => Answer::Refused,
            Err(error) => Answer::Unclear(super::in_short(&error)),
        }
    }
}
