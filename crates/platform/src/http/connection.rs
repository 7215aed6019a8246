//! One accepted connection, counted for as long as it is open, upgraded or not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::places::Place;

/// Who is at the other end of the connection; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Who asks: the peer, or whom a proxy that is believed names. The public door writes it for the
/// roles behind it, which read nothing of the sort from headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A TCP stream with its place among the connections the server allows.
///
/// An upgrade gives this type back: `hyper_util::server::conn::auto::upgrade::downcast`.
#[derive(Debug)]
pub struct Connection {
    stream: TokioIo<TcpStream>,
    seat: Seat,
}

/// A connection's place among all and its place among those of its network.
#[derive(Debug)]
pub struct Seat {
    _among_all: OwnedSemaphorePermit,
    _in_network: Option<Place>,
}

impl Seat {
    pub(super) const fn new(among_all: OwnedSemaphorePermit, in_network: Option<Place>) -> Self {
        Self { _among_all: among_all, _in_network: in_network }
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream, seat: Seat) -> Self {
        Self { stream: TokioIo::new(stream), seat }
    }

    /// The raw stream, and its place, to be kept until the stream is closed.
    pub fn into_parts(self) -> (TcpStream, Seat) {
        (self.stream.into_inner(), self.seat)
    }
}

impl Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
