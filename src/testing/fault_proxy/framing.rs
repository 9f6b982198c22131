//! Where a body ends (RFC 9112 §6 and §7).

use std::io;

/// Follows a body over the wire and tells where it ends.
#[derive(Clone, Debug)]
pub(super) struct Framing {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    /// In the line with a chunk's size; what was read of it.
    Size(Vec<u8>),
    /// In a chunk's data.
    Data(u64),
    /// In the line end after a chunk's data: bytes left.
    DataEnd(u8),
    /// In the trailer section: length of the current line.
    Trailer(usize),
}

impl Framing {
    pub(super) const fn none() -> Self {
        Self { state: State::Done }
    }

    pub(super) const fn length(length: u64) -> Self {
        Self {
            state: if length == 0 {
                State::Done
            } else {
                State::Length(length)
            },
        }
    }

    pub(super) const fn chunked() -> Self {
        Self {
            state: State::Size(Vec::new()),
        }
    }

    pub(super) const fn until_close() -> Self {
        Self {
            state: State::UntilClose,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn ends_with_connection(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Reads on; returns how many of the bytes belong to the body, and hands its payload to `payload`.
    pub(super) fn advance(&mut self, bytes: &[u8], mut payload: impl FnMut(&[u8])) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() && self.state != State::Done {
            let taken = self.step(rest, &mut payload)?;
            rest = &rest[taken..];
        }
        Ok(bytes.len() - rest.len())
    }

    fn step(&mut self, bytes: &[u8], payload: &mut impl FnMut(&[u8])) -> io::Result<usize> {
        match &mut self.state {
            State::Done => Ok(0),
            State::UntilClose => {
                payload(bytes);
                Ok(bytes.len())
            }
            State::Length(left) => {
                let taken = take(left, bytes, payload);
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(taken)
            }
            State::Data(left) => {
                let taken = take(left, bytes, payload);
                if *left == 0 {
                    self.state = State::DataEnd(2);
                }
                Ok(taken)
            }
            State::DataEnd(left) => {
                *left -= 1;
                if *left == 0 {
                    self.state = State::Size(Vec::new());
                }
                Ok(1)
            }
            State::Size(line) => {
                line.push(bytes[0]);
                if bytes[0] == b'\n' {
                    self.state = match chunk_size(line)? {
                        0 => State::Trailer(0),
                        size => State::Data(size),
                    };
                } else if line.len() > MAX_LINE {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Ok(1)
            }
            State::Trailer(length) => {
                match bytes[0] {
                    b'\n' if *length == 0 => self.state = State::Done,
                    b'\n' => *length = 0,
                    b'\r' => {}
                    _ => *length += 1,
                }
                Ok(1)
            }
        }
    }
}

fn take(left: &mut u64, bytes: &[u8], payload: &mut impl FnMut(&[u8])) -> usize {
    let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    payload(&bytes[..taken]);
    *left -= taken as u64;
    taken
}

fn chunk_size(line: &[u8]) -> io::Result<u64> {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((_, size))) => Ok(size),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

const MAX_LINE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(mut framing: Framing, wire: &[u8], step: usize) -> (usize, Vec<u8>, bool) {
        let mut payload = Vec::new();
        let mut taken = 0;
        for piece in wire.chunks(step) {
            taken += framing.advance(piece, |data| payload.extend_from_slice(data)).unwrap();
        }
        (taken, payload, framing.is_done())
    }

    #[test]
    fn a_body_with_a_length_ends_at_its_last_byte() {
        for step in 1..8 {
            assert_eq!(
                follow(Framing::length(5), b"helloGET /", step),
                (5, b"hello".to_vec(), true)
            );
        }
    }

    #[test]
    fn a_chunked_body_ends_after_its_trailers() {
        let wire = b"3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nx-trailer: 1\r\n\r\nGET /";
        for step in 1..wire.len() {
            assert_eq!(
                follow(Framing::chunked(), wire, step),
                (wire.len() - 5, b"hello".to_vec(), true)
            );
        }
    }

    #[test]
    fn a_chunked_body_without_its_last_chunk_is_not_done() {
        assert_eq!(
            follow(Framing::chunked(), b"3\r\nhel\r\n", 4),
            (8, b"hel".to_vec(), false)
        );
    }

    #[test]
    fn a_chunk_size_that_is_no_number_is_an_error() {
        assert!(Framing::chunked().advance(b"zz\r\n", |_| {}).is_err());
    }
}
