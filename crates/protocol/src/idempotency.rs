//! The header of every call that may be repeated safely, for the HTTP documentation.

use utoipa::IntoParams;

/// `Idempotency-Key`: the same key with the same body within a day gets the first answer again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header; the platform reads it")]
pub struct IdempotencyHeader {
    /// Your name for this effect, 1 to 255 visible ASCII characters. The same key with the same
    /// body gets the first answer again for a day; with another body it is refused as
    /// `idempotency_mismatch`, and while the first call still runs as `idempotency_running`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    key: Option<String>,
}
