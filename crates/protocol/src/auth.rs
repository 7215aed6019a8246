//! HTTP bodies of signing up, in and out. Unknown fields are ignored where the original's clients
//! ask, and refused elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::WirePlayerId;

/// The body of `register` and `login`.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Credentials {
    /// 1 to 80 characters without control characters.
    #[schema(
        example = "user123",
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"
    )]
    pub username: String,
    /// 4 to 128 characters in the play profile.
    #[schema(example = "johnDoe", min_length = 4, max_length = 128)]
    pub password: String,
}

/// The answer to `register`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UserCreated {
    /// `User created`.
    #[schema(example = "User created")]
    pub message: String,
}

/// The answer to `login`.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct SignedIn {
    /// Goes into `Authorization: Bearer`, never into a URL.
    pub access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds the token is good for.
    #[schema(example = 3600)]
    pub expires_in: u32,
    /// Gets the next pair, once; goes into the body of `refresh` alone.
    pub refresh_token: String,
}

/// The answer to the `login` and `refresh` of our own page: the rest is in a cookie.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct KeptSignIn {
    /// Goes into `Authorization: Bearer`, never into a URL.
    pub access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Seconds the token is good for.
    #[schema(example = 3600)]
    pub expires_in: u32,
}

/// The body of `refresh`.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// What the last sign-in or refresh gave.
    pub refresh_token: String,
}

/// The body of `logout`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// Ends all of the player's sign-ins, not only the one whose token is shown.
    #[serde(default)]
    #[schema(example = false)]
    pub everywhere: bool,
}

/// The answer to `logout`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct LoggedOut {
    /// `Signed out`.
    #[schema(example = "Signed out")]
    pub message: String,
}

/// The body of `password`.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The one to be replaced.
    #[schema(example = "johnDoe", max_length = 128)]
    pub old_password: String,
    /// 4 to 128 characters in the play profile.
    #[schema(example = "a longer one", min_length = 4, max_length = 128)]
    pub new_password: String,
}

/// The answer to `validate`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct TokenValid {
    /// `valid`.
    #[schema(example = "valid")]
    pub status: String,
    /// The player the token was given to.
    pub user_id: WirePlayerId,
    /// The name they play under.
    pub username: String,
}

/// The answer to `status` of a service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ServiceStatus {
    /// E.g. `Auth Service Running`.
    #[schema(example = "Auth Service Running")]
    pub status: String,
}

impl UserCreated {
    /// The original's sentence.
    #[must_use]
    pub fn new() -> Self {
        Self { message: "User created".to_owned() }
    }
}

impl Default for UserCreated {
    fn default() -> Self {
        Self::new()
    }
}

impl SignedIn {
    /// A bearer token that is good for `expires_in` seconds, and what gets the next one.
    #[must_use]
    pub fn bearer(access_token: String, expires_in: u32, refresh_token: String) -> Self {
        Self { access_token, token_type: "Bearer".to_owned(), expires_in, refresh_token }
    }
}

impl LoggedOut {
    /// What is said once it is so.
    #[must_use]
    pub fn new() -> Self {
        Self { message: "Signed out".to_owned() }
    }
}

impl Default for LoggedOut {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenValid {
    /// What a genuine token proved.
    #[must_use]
    pub fn new(user_id: WirePlayerId, username: String) -> Self {
        Self { status: "valid".to_owned(), user_id, username }
    }
}

impl ServiceStatus {
    /// The user role's, in the original's words.
    #[must_use]
    pub fn auth() -> Self {
        Self { status: "Auth Service Running".to_owned() }
    }

    /// The game role's, in the original's words.
    #[must_use]
    pub fn game() -> Self {
        Self { status: "Game Service Running".to_owned() }
    }
}

/// Passwords do not show themselves.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Nor do tokens.
impl fmt::Debug for SignedIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SignedIn")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshRequest(..)")
    }
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordChange(..)")
    }
}

#[cfg(test)]
mod tests;
