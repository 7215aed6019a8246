//! One accepted connection, counted for as long as it is open, upgraded or not.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::server::TlsStream;

use super::places::Place;
use super::raw::RawStream;

/// Who is at the other end of the connection; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Who asks: the peer, or whom a proxy that is believed names. The public door writes it for the
/// roles behind it, which read nothing of the sort from headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A TCP stream, perhaps with TLS on it, with its place among the connections the server allows.
///
/// An upgrade gives this type back: `hyper_util::server::conn::auto::upgrade::downcast`.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    seat: Seat,
}

#[derive(Debug)]
enum Stream {
    Plain(TokioIo<TcpStream>),
    Secured(TokioIo<Box<TlsStream<TcpStream>>>),
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
    pub(super) fn plain(stream: TcpStream, seat: Seat) -> Self {
        Self { stream: Stream::Plain(TokioIo::new(stream)), seat }
    }

    pub(super) fn secured(stream: TlsStream<TcpStream>, seat: Seat) -> Self {
        Self { stream: Stream::Secured(TokioIo::new(Box::new(stream))), seat }
    }

    /// The raw stream, and its place, to be kept until the stream is closed.
    pub fn into_parts(self) -> (RawStream, Seat) {
        let stream = match self.stream {
            Stream::Plain(stream) => RawStream::plain(stream.into_inner()),
            Stream::Secured(stream) => {
                let (stream, session) = stream.into_inner().into_inner();
                RawStream::secured(stream, session)
            }
        };
        (stream, self.seat)
    }
}

impl Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Secured(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secured(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secured(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secured(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Secured(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Secured(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }
}
