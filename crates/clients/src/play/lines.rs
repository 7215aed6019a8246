//! Lines out of chunks of bytes, bounded in length.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

/// The lines of a stream of bytes.
pub(super) struct Lines<S> {
    chunks: S,
    /// What was read and not yet given out.
    read: BytesMut,
    /// How much of it holds no end of a line.
    searched: usize,
    longest: usize,
}

impl<S, E> Lines<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// Lines of at most `longest` bytes.
    pub(super) fn new(chunks: S, longest: usize) -> Self {
        Self { chunks, read: BytesMut::new(), searched: 0, longest }
    }

    /// The next line without its end; `None` at the end of the stream, where it broke off, or
    /// at a line that is too long. May be dropped without losing a byte.
    pub(super) async fn next(&mut self) -> Option<BytesMut> {
        loop {
            let unsearched = &self.read[self.searched..];
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                let mut line = self.read.split_to(self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Some(line);
            }
            self.searched = self.read.len();
            if self.searched > self.longest {
                return None;
            }
            let chunk = self.chunks.next().await?.ok()?;
            self.read.extend_from_slice(&chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Lines;

    async fn lines(chunks: &[&'static str], longest: usize) -> Vec<String> {
        let chunks = chunks.iter().map(|chunk| Ok::<_, ()>(Bytes::from_static(chunk.as_bytes())));
        let chunks: Vec<_> = chunks.collect();
        let mut lines = Lines::new(futures_util::stream::iter(chunks), longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await {
            found.push(String::from_utf8(line.to_vec()).unwrap());
        }
        found
    }

    #[tokio::test]
    async fn lines_are_found_wherever_the_chunks_end() {
        let text = "one\n\ntwo\nthree\nbroken off";
        for cut in 0..text.len() {
            let (first, second) = text.split_at(cut);
            assert_eq!(lines(&[first, second], 20).await, ["one", "", "two", "three"]);
        }
    }

    #[tokio::test]
    async fn a_line_too_long_ends_the_stream() {
        assert_eq!(lines(&["one\n", "123456", "7\n"], 5).await, ["one"]);
    }
}
