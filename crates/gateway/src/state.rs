//! What the handlers of the gateway share.

use std::sync::Arc;

use bytes::Bytes;
use tokens::Verifier;

use crate::upstream::Upstream;

/// The state of the public router.
pub(crate) struct App {
    /// Identity and wallet.
    pub(crate) user: Arc<dyn Upstream>,
    /// Lobbies and rounds.
    pub(crate) game: Arc<dyn Upstream>,
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: Bytes,
    /// Knows the public keys of our tokens.
    pub(crate) verifier: Arc<Verifier>,
}
