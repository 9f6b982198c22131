//! The terms in which providers differ.

/// Where a request carries its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// In the header of this name, in lower case.
    Header(&'static str),
    /// In this member of the JSON body.
    Body(&'static str),
    /// Nowhere: the provider knows no keys.
    Nowhere,
}

/// Whether a key may be written as a quoted string (RFC 8941 §3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Quotes are part of the key.
    Literal,
    /// `"k"` and `k` are the same key.
    Optional,
}

/// What happens to a request that should carry a key and does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithoutKey {
    Execute,
    Refuse,
}

/// Within what a key must be unique, beside the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Account,
    /// Another path is another key.
    Path,
}

/// Which outcomes stay under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All that the handler answered, failures included.
    All,
    /// Successes; any failure frees the key.
    Success,
    /// Successes; a failure keeps the key, and the next request drives the work on.
    UntilSuccess,
}

/// What a repeat of a finished request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The first answer, byte for byte.
    Replay,
    /// The resource as it is now.
    Current,
    /// A conflict that names the resource.
    Conflict,
}

/// At which age a key is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// When the age reaches the retention.
    AtRetention,
    /// When the age exceeds the retention.
    AfterRetention,
}

/// What the next request gets when the first one's lease ended without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lapse {
    /// Executes from the beginning: a second effect, if the first one took place.
    Reexecute,
    /// Takes up the work where it ended: no second effect.
    Resume,
    /// Gets a 500 which says that the outcome is not known, and so do all that follow.
    Indeterminate,
}
