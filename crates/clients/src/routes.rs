//! Every path between roles. The gateway forwards none of them.

/// The stream by which a gateway asks an owner.
pub(crate) const PLAY: &str = "/internal/play/v1/stream";

/// Keys of players' tokens, and sign-ins that ended.
pub(crate) const SIGN_INS: &str = "/internal/sign-ins/v1/known";

/// The wallet's verbs.
pub(crate) mod wallet {
    pub(crate) const FENCE: &str = "/internal/wallet/v1/fence";
    pub(crate) const RESERVE: &str = "/internal/wallet/v1/reserve";
    pub(crate) const RELEASE: &str = "/internal/wallet/v1/release";
    pub(crate) const RESOLVE: &str = "/internal/wallet/v1/resolve";
    pub(crate) const CLOSE: &str = "/internal/wallet/v1/close";
}
