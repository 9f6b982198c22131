use std::fmt;

/// Where another retry loop stands, seen from the one that reports it.
///
/// Loops that nest multiply their attempts: four times five is twenty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Nesting {
    /// Around this one: the same request came again after its operation had ended without success.
    Outer,
    /// Within this one: a single attempt was sent more than once.
    Inner,
    /// Within this one, of the same kind: it stood aside and passed everything through.
    Twin,
}

impl fmt::Display for Nesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outer => "a retry loop around this one repeats the operation",
            Self::Inner => "a retry loop within this one repeats its attempts",
            Self::Twin => "a second steadfast within this one stands aside",
        })
    }
}
