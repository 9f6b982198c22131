use std::ops::RangeInclusive;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};

use crate::classify::Verdict;

/// One line of a provider's table: which answers, and what they mean.
///
/// The first rule that matches counts; an answer that none matches is left to the default table.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast::preset::{Meaning, Rule};
///
/// let busy = Rule::status(409).code("operation_in_progress").means(Meaning::KeyInUse);
/// let slow_down = Rule::status(429).means(Meaning::Untouched).not_before(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    statuses: RangeInclusive<u16>,
    code: Code,
    field: Option<Box<str>>,
    header: Option<(HeaderName, HeaderTest)>,
    meaning: Meaning,
    wait: Option<Duration>,
}

/// What an answer of a provider means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Meaning {
    /// The caller's answer, `Ok`.
    #[default]
    Answer,
    /// The caller's answer, `Ok`: an earlier attempt did it.
    AlreadyDone,
    /// Final: a retry fails in the same way.
    Final,
    /// It can heal, but the provider may have acted.
    Retry,
    /// It can heal, and the provider says that it did not act.
    Untouched,
    /// A request with this key is in flight: retried under the same key.
    ///
    /// A rule that goes by the status alone applies to a request with a key that is honoured, and to no other: there
    /// the same status means something else.
    KeyInUse,
    /// The key belongs to another request: a bug, final. By the status alone, it applies as the one above.
    KeyReused,
    /// The account has no money or quota left: final, and the provider did not act.
    QuotaExhausted,
}

#[derive(Clone, Debug)]
enum Code {
    Any,
    Is(Box<str>),
    Contains(Box<str>),
}

#[derive(Clone, Debug)]
enum HeaderTest {
    Present,
    Is(Box<str>),
}

impl Rule {
    /// Answers with this status.
    pub fn status(status: u16) -> Self {
        Self::statuses(status..=status)
    }

    /// Answers with one of these statuses.
    pub fn statuses(statuses: RangeInclusive<u16>) -> Self {
        Self {
            statuses,
            code: Code::Any,
            field: None,
            header: None,
            meaning: Meaning::Answer,
            wait: None,
        }
    }

    /// Only with this error code, at one of the places that the preset names.
    pub fn code(mut self, code: &str) -> Self {
        self.code = Code::Is(code.into());
        self
    }

    /// Only with an error code that contains this.
    pub fn code_containing(mut self, part: &str) -> Self {
        self.code = Code::Contains(part.into());
        self
    }

    /// Only if the body has a text or a number at this path, such as `error.links.id`; lists are searched through.
    pub fn field(mut self, path: &str) -> Self {
        self.field = Some(path.into());
        self
    }

    /// Only with this header, whatever its value.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.header = Some((name, HeaderTest::Present));
        self
    }

    /// Only with this header and value.
    pub fn header_is(mut self, name: HeaderName, value: &str) -> Self {
        self.header = Some((name, HeaderTest::Is(value.into())));
        self
    }

    /// Says what these answers mean.
    pub fn means(mut self, meaning: Meaning) -> Self {
        self.meaning = meaning;
        self
    }

    /// Sets a least wait before the retry, where the answer itself asks for none.
    pub fn not_before(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    pub(super) fn covers(&self, status: StatusCode) -> bool {
        self.statuses.contains(&status.as_u16())
    }

    pub(super) fn needs_body(&self) -> bool {
        !matches!(self.code, Code::Any) || self.field.is_some()
    }

    pub(super) fn field_path(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(super) fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// True if it takes a bare status for a statement about the key.
    pub(super) fn presumes_a_key(&self) -> bool {
        let bare = matches!(self.code, Code::Any) && self.field.is_none() && self.header.is_none();
        bare && matches!(self.meaning, Meaning::KeyInUse | Meaning::KeyReused)
    }

    /// Tests all but the status and the field.
    pub(super) fn matches(&self, headers: &HeaderMap, codes: &[String]) -> bool {
        let code = match &self.code {
            Code::Any => true,
            Code::Is(wanted) => codes.iter().any(|code| **code == **wanted),
            Code::Contains(part) => codes.iter().any(|code| code.contains(&**part)),
        };
        code && match &self.header {
            None => true,
            Some((name, HeaderTest::Present)) => headers.contains_key(name),
            Some((name, HeaderTest::Is(wanted))) => {
                let mut values = headers.get_all(name).iter();
                values.any(|value| value.as_bytes() == wanted.as_bytes())
            }
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.meaning {
            Meaning::Answer => Verdict::accept(),
            Meaning::AlreadyDone => Verdict::already_done(),
            Meaning::Final => Verdict::fail(),
            Meaning::Retry => Verdict::retry(),
            Meaning::Untouched => Verdict::retry_untouched(),
            Meaning::KeyInUse => Verdict::key_in_use(),
            Meaning::KeyReused => Verdict::key_reused(),
            Meaning::QuotaExhausted => Verdict::quota_exhausted(),
        }
    }
}
