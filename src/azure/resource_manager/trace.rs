//! The ids with which Azure's support finds a request.

use std::fmt;

use uuid::Uuid;

/// The ids of one request: the program's own, and Azure's if there is a response.
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    client_request_id: String,
    correlation_id: Option<String>,
}

/// The longest correlation id that is printed, in characters. Azure's have 36.
const LONGEST: usize = 64;

impl Trace {
    pub(super) const CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";

    /// The activity log has this id for each operation.
    pub(super) const CORRELATION_ID: &str = "x-ms-correlation-request-id";

    /// For a request that has not been sent.
    pub(super) fn new() -> Trace {
        Trace {
            client_request_id: Uuid::new_v4().to_string(),
            correlation_id: None,
        }
    }

    pub(super) fn client_request_id(&self) -> &str {
        &self.client_request_id
    }

    pub(super) fn with_correlation_id(mut self, correlation_id: Option<&str>) -> Trace {
        let is_id = |id: &&str| {
            let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
            (1..=LONGEST).contains(&id.len()) && id.chars().all(is_plain)
        };
        self.correlation_id = correlation_id.filter(is_id).map(str::to_owned);
        self
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.correlation_id {
            Some(id) => write!(f, "Azure's correlation id: {id}"),
            None => write!(f, "client request id: {}", self.client_request_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_not_an_id_is_not_shown() {
        for text in ["", "a b", "Bearer\u{1F980}", &"a".repeat(65)] {
            let trace = Trace::new().with_correlation_id(Some(text));
            let shown = trace.to_string();
            assert!(shown.starts_with("client request id: "), "{shown}");
        }
    }
}
