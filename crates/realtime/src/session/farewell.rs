//! The last thing that a socket is told.

use protocol::close::CloseCode;
use protocol::socket_io::ServerEvent;
use protocol::{Code, Problem};

use super::Frame;
use crate::{Dialect, Encoded, plain};

/// What a socket is told before it is closed: a close frame, or an `error` where there is none.
pub(crate) fn farewell(code: CloseCode, dialect: Dialect) -> Frame {
    if dialect == Dialect::Plain {
        return Frame::Raw(plain::close_frame(code));
    }
    let (kind, detail) = match code {
        CloseCode::Restart => (Code::Draining, "The server restarts, connect again"),
        CloseCode::Moved => (Code::NotOwner, "The lobby moved, connect again"),
        CloseCode::Slow => (Code::RateLimited, "This connection is too slow, connect again"),
        CloseCode::Overloaded => (Code::RateLimited, "Too many messages, connect again later"),
        CloseCode::TokenExpired => (Code::TokenExpired, "The token expired, sign in again"),
        CloseCode::LoggedOut => (Code::Unauthenticated, "Signed out"),
        CloseCode::ProtocolError => (Code::Malformed, "This is not our protocol"),
        CloseCode::Banned => (Code::Forbidden, "This player may not play"),
    };
    let problem = Problem::new(kind, detail);
    Frame::Event(Encoded::from(&ServerEvent::Error(problem)))
}
