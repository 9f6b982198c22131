use std::fmt;
use std::mem;

/// One server-sent event; `Debug` shows how long its data is, not what.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    name: String,
    data: String,
}

impl Event {
    /// Its name, `message` if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.name.is_empty() { "message" } else { &self.name }
    }

    /// Its data; several lines are joined with a line feed.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Takes its data.
    #[must_use]
    pub fn into_data(self) -> String {
        self.data
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name())
            .field("data", &self.data.len())
            .finish()
    }
}

/// Splits bytes into events as the HTML standard does (§9.2.6), wherever the pieces are cut.
///
/// Bytes that are not UTF-8 are replaced. Comments, `id` and `retry` are dropped.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    after_return: bool,
    begun: bool,
}

impl Parser {
    /// Takes a piece, up to and with the byte that completes an event; how many bytes were taken, and the event.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (usize, Option<Event>) {
        for (at, byte) in bytes.iter().enumerate() {
            let after_return = mem::take(&mut self.after_return);
            let ended = match byte {
                b'\n' if after_return => continue,
                b'\r' => {
                    self.after_return = true;
                    true
                }
                b'\n' => true,
                _ => false,
            };
            if !ended {
                self.line.push(*byte);
            } else if let Some(event) = self.end_line() {
                return (at + 1, Some(event));
            }
        }
        (bytes.len(), None)
    }

    /// How much is held of an event that is not complete.
    pub(super) fn held(&self) -> usize {
        self.line.len() + self.data.len() + self.name.len()
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = mem::take(&mut self.line);
        let mut line = &*line;
        if !mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let (name, data) = (mem::take(&mut self.name), mem::take(&mut self.data));
        mem::take(&mut self.has_data).then_some(Event { name, data })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let mut found = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (taken, event) = parser.feed(rest);
                rest = &rest[taken..];
                found.extend(event.map(|event| (event.name().to_owned(), event.into_data())));
            }
        }
        found
    }

    #[test]
    fn fields_comments_and_line_ends_are_as_the_standard_has_them() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: a\r\ndata:1\r\ndata: 2\r\n\r\nid: 7\n\ndata\n\ndata:  x\r\revent: lonely\n\n";
        let expected = [("a", "1\n2"), ("message", ""), ("message", " x")];
        let expected = expected.map(|(name, data)| (name.to_owned(), data.to_owned()));
        assert_eq!(events(&[stream]), expected);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(events(&bytes), expected, "byte by byte");
    }

    proptest! {
        #[test]
        fn cuts_change_nothing_and_nothing_panics(bytes in proptest::collection::vec(proptest::sample::select(b"data:event \r\n\xffx{}".to_vec()), 0..200), cut: usize) {
            let cut = if bytes.is_empty() { 0 } else { cut % bytes.len() };
            prop_assert_eq!(events(&[&bytes]), events(&[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
