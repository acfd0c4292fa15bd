//! The one error that the page knows. It travels from the server to the browser as JSON.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why there is no answer. The words are for people: the page shows them as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum AppError {
    /// What was asked for does not exist.
    #[error("There is no {what}.")]
    NotFound {
        /// What there is none of: `area called E99`.
        what: String,
    },
    /// A value that is not allowed.
    #[error("{field} is “{value}”: {rule}.")]
    Refused {
        /// The parameter.
        field: String,
        /// What was given.
        value: String,
        /// What is allowed.
        rule: String,
    },
    /// The door's answer to readings or registrations, other than a 2xx.
    #[error("{detail}")]
    Door {
        /// The HTTP status.
        status: u16,
        /// The reason, as the door's problem document has it.
        detail: String,
    },
    /// The store is busy or away; asking again helps.
    #[error("The figures cannot be read at the moment.")]
    Unavailable,
    /// The server was not reached.
    #[error("The server could not be reached.")]
    Network,
    /// A defect of ours. The server's log says more.
    #[error("Something went wrong on our side.")]
    Internal,
}

impl AppError {
    /// A parameter that is not allowed.
    pub fn refused(field: &str, value: &str, rule: impl Into<String>) -> Self {
        Self::Refused { field: field.to_owned(), value: value.to_owned(), rule: rule.into() }
    }

    /// Whether asking again may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Network | Self::Internal)
    }

    /// The HTTP status of a page that could not be made because of this.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Refused { .. } => 400,
            Self::Door { status, .. } => *status,
            Self::Unavailable | Self::Network => 503,
            Self::Internal => 500,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Network,
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => Self::Refused {
                field: "request".to_owned(),
                value: text,
                rule: "its arguments must be complete and well-formed".to_owned(),
            },
            _ => Self::Internal,
        }
    }
}
