//! The four roles and their order. It does not know which request needs which.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TokenError;

/// What a token's bearer may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads flows, actions and runs.
    Viewer,
    /// Changes and publishes flows.
    Editor,
    /// Manages a tenant: actions, tokens, secrets.
    Admin,
    /// Manages the server and every tenant.
    Operator,
}

impl Role {
    /// The role's name, as in tokens and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// Whether the bearer may do what asks for `needed`.
    pub fn may(self, needed: Self) -> bool {
        self >= needed
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        [Self::Viewer, Self::Editor, Self::Admin, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(TokenError::Malformed)
    }
}
