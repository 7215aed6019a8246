//! Sends that go to the kernel together, through `io_uring`.

#![expect(unsafe_code, reason = "the kernel reads a buffer of ours later; see ADR 44")]

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;

use io_uring::{IoUring, opcode, types};

/// Sends submitted at once.
const BATCH: u32 = 1_024;

/// One frame, and the queue through which any number of streams are sent it.
pub(super) struct Ring {
    ring: IoUring,
    /// Never freed: the kernel may read it as long as the process lives.
    frame: &'static [u8],
}

impl Ring {
    /// Asks the kernel for a queue.
    ///
    /// # Errors
    /// The kernel, or what confines this process, has none.
    pub(super) fn new(frame: Vec<u8>) -> io::Result<Self> {
        Ok(Self { ring: IoUring::new(BATCH)?, frame: frame.leak() })
    }

    /// Sends the frame to every stream, and returns when all have it.
    ///
    /// # Errors
    /// A stream that failed or did not take all of it at once.
    pub(super) fn send(&mut self, streams: &[TcpStream]) -> io::Result<()> {
        streams.chunks(BATCH as usize).try_for_each(|batch| self.send_batch(batch))
    }

    fn send_batch(&mut self, streams: &[TcpStream]) -> io::Result<()> {
        let length = u32::try_from(self.frame.len()).map_err(io::Error::other)?;
        let mut queue = self.ring.submission();
        for stream in streams {
            let stream = types::Fd(stream.as_raw_fd());
            let send = opcode::Send::new(stream, self.frame.as_ptr(), length).build();
            // SAFETY: the only memory that the kernel is told of is `frame`, which is never freed
            // or written; a descriptor that were closed meanwhile is an error of that send.
            unsafe { queue.push(&send) }.map_err(io::Error::other)?;
        }
        drop(queue);
        self.ring.submit_and_wait(streams.len())?;
        let mut answered = 0;
        for completion in self.ring.completion() {
            answered += 1;
            match u32::try_from(completion.result()) {
                Ok(sent) if sent == length => {}
                Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
                Err(_) => return Err(io::Error::from_raw_os_error(-completion.result())),
            }
        }
        if answered == streams.len() {
            Ok(())
        } else {
            Err(io::Error::other("the kernel answered fewer sends than it was asked to wait for"))
        }
    }
}
