//! The traits between roles, with their errors. What an unknown outcome means stands at each verb.
//!
//! In one process they are direct calls, in many they are HTTP; the callers cannot tell.

mod identity;
mod play;
mod sign_ins;
mod wallet;

pub use identity::{Identity, IdentityError, Profile};
pub use play::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, LobbyRef, Play, PlayError,
    PlayRefusal, Returned,
};
pub use sign_ins::{EndedSignIn, Known, SignIns, Since};
pub use wallet::{
    Close, Closed, Fence, Fenced, Outcome, RESOLVES_MAX, Refusal, Release, Reserve, Resolve,
    ResolveAnswer, Wallet, WalletError,
};
