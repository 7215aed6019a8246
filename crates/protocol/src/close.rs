//! Why a socket was closed, as a WebSocket close code. The range tells a client when to come back.

/// Close codes of our own protocol, RFC 6455's private range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The process restarts.
    Restart,
    /// The lobby is served elsewhere.
    Moved,
    /// The client did not read fast enough.
    Slow,
    /// There is no room for now.
    Overloaded,
    /// The token's time is over.
    TokenExpired,
    /// The player signed out.
    LoggedOut,
    /// The client broke the protocol.
    ProtocolError,
    /// The player may not play.
    Banned,
}

/// What a client should do after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComeBack {
    /// Connect again at once.
    AtOnce,
    /// Connect again after a while.
    Later,
    /// Sign in first.
    SignedIn,
    /// Do not come back.
    Never,
}

impl CloseCode {
    /// Every close code, ascending.
    pub const ALL: [Self; 8] = [
        Self::Restart,
        Self::Moved,
        Self::Slow,
        Self::Overloaded,
        Self::TokenExpired,
        Self::LoggedOut,
        Self::ProtocolError,
        Self::Banned,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Restart => 4000,
            Self::Moved => 4001,
            Self::Slow => 4002,
            Self::Overloaded => 4100,
            Self::TokenExpired => 4200,
            Self::LoggedOut => 4201,
            Self::ProtocolError => 4300,
            Self::Banned => 4301,
        }
    }

    /// The reason sent beside the number.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Moved => "moved",
            Self::Slow => "slow",
            Self::Overloaded => "overloaded",
            Self::TokenExpired => "token_expired",
            Self::LoggedOut => "logged_out",
            Self::ProtocolError => "protocol_error",
            Self::Banned => "banned",
        }
    }
}

impl ComeBack {
    /// What the range of `number` says; `None` outside our ranges.
    #[must_use]
    pub const fn after(number: u16) -> Option<Self> {
        match number {
            4000..=4099 => Some(Self::AtOnce),
            4100..=4199 => Some(Self::Later),
            4200..=4299 => Some(Self::SignedIn),
            4300..=4399 => Some(Self::Never),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, ComeBack};

    #[test]
    fn every_close_code_lies_in_a_range() {
        let ranges: Vec<_> =
            CloseCode::ALL.iter().filter_map(|code| ComeBack::after(code.number())).collect();
        assert_eq!(ranges.len(), CloseCode::ALL.len());
        assert_eq!(ComeBack::after(CloseCode::Slow.number()), Some(ComeBack::AtOnce));
        assert_eq!(ComeBack::after(CloseCode::Banned.number()), Some(ComeBack::Never));
        assert_eq!(ComeBack::after(1000), None);
    }
}
