//! Seeds at rest: encrypted with a key that is kept outside the database.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use kernel::{LobbyId, Sealed};
use platform::random::{self, Random};

use super::SeedError;
use crate::store::SealedSeed;

/// Seals and opens checkpoints of chains.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
}

/// Which checkpoint: bound to the sealed bytes, so that none passes for another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) lobby: LobbyId,
    pub(crate) chain: u32,
    pub(crate) index: u32,
}

impl Vault {
    pub(crate) fn new(key: &Sealed<[u8; 32]>) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*key.expose())) }
    }

    /// # Errors
    /// [`SeedError::Unreadable`], which 32 bytes cannot cause.
    pub(crate) fn seal(
        &self,
        random: &dyn Random,
        place: Place,
        value: &[u8; 32],
    ) -> Result<SealedSeed, SeedError> {
        let nonce: [u8; 24] = random::array(random);
        let payload = Payload { msg: value, aad: &place.bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SeedError::Unreadable)?;
        Ok(SealedSeed { index: place.index, nonce, sealed })
    }

    /// # Errors
    /// [`SeedError::Unreadable`] for another key, another place, or changed bytes.
    pub(crate) fn open(&self, place: Place, sealed: &SealedSeed) -> Result<[u8; 32], SeedError> {
        let payload = Payload { msg: &sealed.sealed, aad: &place.bytes() };
        let value = self.cipher.decrypt(&XNonce::from(sealed.nonce), payload);
        let value = value.map_err(|_| SeedError::Unreadable)?;
        value.try_into().map_err(|_| SeedError::Unreadable)
    }
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = b"waxwing seed 1".to_vec();
        bytes.extend(self.lobby.get().to_be_bytes());
        bytes.extend(self.chain.to_be_bytes());
        bytes.extend(self.index.to_be_bytes());
        bytes
    }
}
