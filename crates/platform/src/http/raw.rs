//! The stream under an upgraded connection, written and read without waiting.
//!
//! Over TLS whoever writes encrypts, so that a socket costs no task and no second buffer: what the
//! kernel does not take stays with the TLS session, and nothing more is taken until it is out.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};

use parking_lot::Mutex;
use rustls::ServerConnection;
use socket2::SockRef;
use tokio::net::TcpStream;

/// Bytes a TLS session takes before the kernel has taken them.
const UNSENT_BYTES: usize = 32 * 1_024;

/// A TCP stream, perhaps with TLS on it. One task reads; who writes does so in turn with others.
#[derive(Debug)]
pub struct RawStream {
    stream: TcpStream,
    session: Option<Box<Mutex<ServerConnection>>>,
}

/// How much of what was encrypted is with the kernel now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flushed {
    All,
    Partly,
    Nothing,
}

/// The encrypted side of a session.
struct Encrypted<'a>(&'a TcpStream);

impl RawStream {
    pub(super) const fn plain(stream: TcpStream) -> Self {
        Self { stream, session: None }
    }

    pub(super) fn secured(stream: TcpStream, mut session: ServerConnection) -> Self {
        session.set_buffer_limit(Some(UNSENT_BYTES));
        Self { stream, session: Some(Box::new(Mutex::new(session))) }
    }

    /// Whether TLS is on it.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.session.is_some()
    }

    /// Bounds what the kernel holds for a peer that does not read; it reports twice that.
    ///
    /// # Errors
    /// If the stream is gone.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(&self.stream).set_send_buffer_size(bytes)
    }

    /// Ends when there may be something to read.
    ///
    /// # Errors
    /// If the stream is gone.
    pub async fn readable(&self) -> io::Result<()> {
        if self.holds_read() { Ok(()) } else { self.stream.readable().await }
    }

    /// Ends when there may be room.
    ///
    /// # Errors
    /// If the stream is gone.
    pub async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Reads what is there; 0 at the end, with or without a word of farewell.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is there, else that the stream is gone.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(session) = &self.session else { return self.stream.try_read(buffer) };
        let mut session = session.lock();
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            session.read_tls(&mut Encrypted(&self.stream))?;
            let processed = session.process_new_packets();
            // An answer of TLS itself, an alert for one; what does not fit goes with the next.
            let _not_yet = flush(&mut session, &self.stream);
            processed.map_err(io::Error::other)?;
        }
    }

    /// Writes what there is room for. Over TLS what was taken may still be unsent until the next
    /// write, which may be of nothing: [`Self::has_unsent`]. It takes 0 if the room was used up by
    /// that.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, else that the stream is gone.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let Some(session) = &self.session else { return self.stream.try_write(bytes) };
        let mut session = session.lock();
        match flush(&mut session, &self.stream)? {
            Flushed::All => {}
            // A peer that reads slowly reads.
            Flushed::Partly => return Ok(0),
            Flushed::Nothing => return Err(io::ErrorKind::WouldBlock.into()),
        }
        let taken = session.writer().write(bytes)?;
        flush(&mut session, &self.stream)?;
        Ok(taken)
    }

    /// The same for many pieces; none over TLS, which takes them one by one.
    ///
    /// # Errors
    /// As for [`Self::try_write`].
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        (!self.is_secured()).then(|| self.stream.try_write_vectored(slices))
    }

    /// Whether something was taken that the kernel has no room for yet.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.lock().wants_write())
    }

    /// Ends the stream, or one direction of it, now; over TLS with its word of farewell.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn shut_down(&self, how: Shutdown) -> io::Result<()> {
        if let Some(session) = &self.session
            && how != Shutdown::Read
        {
            let mut session = session.lock();
            session.send_close_notify();
            // A peer that takes nothing learns it from TCP.
            let _not_taken = flush(&mut session, &self.stream);
        }
        SockRef::from(&self.stream).shutdown(how)
    }

    /// Whether something was decrypted that nobody has read.
    fn holds_read(&self) -> bool {
        self.session.as_ref().is_some_and(|session| {
            let state = session.lock().process_new_packets();
            // What cannot be read says so when it is.
            state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
        })
    }
}

/// The TCP socket. What is written there goes past TLS: ask [`RawStream::is_secured`] first.
impl AsFd for RawStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Hands the kernel what it has room for of all that is encrypted.
fn flush(session: &mut ServerConnection, stream: &TcpStream) -> io::Result<Flushed> {
    let mut flushed = Flushed::Nothing;
    while session.wants_write() {
        match session.write_tls(&mut Encrypted(stream)) {
            Ok(_) => flushed = Flushed::Partly,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(flushed),
            Err(error) => return Err(error),
        }
    }
    Ok(Flushed::All)
}

impl io::Read for Encrypted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl io::Write for Encrypted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
