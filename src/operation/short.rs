use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text that is copied where it is short, and shared where it is not.
///
/// For what each receipt holds: to share a text is to write a count that all threads write.
#[derive(Clone)]
pub(crate) struct Short(Form);

#[derive(Clone)]
enum Form {
    /// Its length, and at least that many bytes.
    Inline(u8, [u8; ROOM]),
    Shared(Arc<str>),
}

impl Deref for Short {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Form::Inline(length, bytes) => std::str::from_utf8(&bytes[..usize::from(*length)])
                .expect("the bytes were copied from a text of that length"),
            Form::Shared(text) => text,
        }
    }
}

impl From<&str> for Short {
    fn from(text: &str) -> Self {
        let mut bytes = [0; ROOM];
        match (u8::try_from(text.len()), bytes.get_mut(..text.len())) {
            (Ok(length), Some(place)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Form::Inline(length, bytes))
            }
            _ => Self(Form::Shared(text.into())),
        }
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Most origins are shorter; with its length and which form it is, a multiple of a word.
const ROOM: usize = 38;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_long_it_is() {
        for length in [0, 1, ROOM - 1, ROOM, ROOM + 1, 255, 256, 1_000] {
            let text = "ä".repeat(length / 2) + &"x".repeat(length % 2);
            let short = Short::from(&*text);
            assert_eq!(&*short, text);
            assert_eq!(&*short.clone(), text);
            assert_eq!(matches!(short.0, Form::Shared(_)), length > ROOM);
        }
        assert_eq!(size_of::<Short>(), 40);
    }
}
