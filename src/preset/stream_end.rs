/// By what a stream of server-sent events is known to be complete, or to have failed.
///
/// # Examples
///
/// ```
/// use steadfast::preset::StreamEnd;
///
/// let end = StreamEnd::new().event("finished").data("[DONE]").error_event("error");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct StreamEnd {
    events: Vec<Box<str>>,
    data: Vec<Box<str>>,
    error_events: Vec<Box<str>>,
    error_members: Vec<Box<str>>,
}

impl StreamEnd {
    /// Knows no end: every stream counts as truncated.
    pub fn new() -> Self {
        Self::default()
    }

    /// An event of this name ends the stream.
    pub fn event(mut self, name: &str) -> Self {
        self.events.push(name.into());
        self
    }

    /// An event whose data is exactly this ends the stream.
    pub fn data(mut self, data: &str) -> Self {
        self.data.push(data.into());
        self
    }

    /// An event of this name says that the stream failed.
    pub fn error_event(mut self, name: &str) -> Self {
        self.error_events.push(name.into());
        self
    }

    /// An event whose data is a JSON object with this member, not null, says that the stream failed.
    pub fn error_member(mut self, name: &str) -> Self {
        self.error_members.push(name.into());
        self
    }

    pub(crate) fn is_end(&self, name: &str, data: &str) -> bool {
        self.events.iter().any(|end| **end == *name) || self.data.iter().any(|end| **end == *data.trim())
    }

    pub(crate) fn is_error(&self, name: &str, data: &str) -> bool {
        if self.error_events.iter().any(|error| **error == *name) {
            return true;
        }
        // Parsed only where a cheap look finds the member's name.
        self.error_members.iter().any(|member| {
            let named = data.contains(&**member);
            let value = named
                .then(|| serde_json::from_str::<serde_json::Value>(data).ok())
                .flatten();
            value.is_some_and(|value| value.get(&**member).is_some_and(|error| !error.is_null()))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn openai_like() -> StreamEnd {
        StreamEnd::new()
            .data("[DONE]")
            .error_event("error")
            .error_member("error")
    }

    #[test]
    fn an_error_is_a_member_that_is_not_null_at_the_top() {
        for (data, fails) in [
            (r#"{"error":{"code":"server_error"}}"#, true),
            (r#"{"error":null,"choices":[]}"#, false),
            (r#"{"choices":[{"text":"an \"error\" in words"}]}"#, false),
            (r#"{"nested":{"error":1}}"#, false),
            (r#"{"error":"#, false),
            ("error", false),
        ] {
            assert_eq!(openai_like().is_error("", data), fails, "{data}");
        }
        assert!(openai_like().is_error("error", ""));
    }

    proptest! {
        #[test]
        fn no_data_makes_it_panic_and_words_end_nothing(name in ".{0,20}", data in ".{0,200}") {
            let end = openai_like();
            prop_assert_eq!(end.is_end(&name, &data), data.trim() == "[DONE]");
            let fails = end.is_error(&name, &data);
            prop_assert!(!fails || name == "error" || data.contains("error"));
        }

        #[test]
        fn broken_json_around_the_member_is_no_error(before in ".{0,20}", after in ".{0,20}") {
            let data = format!("{before}\"error\":{after}");
            let whole: Option<serde_json::Value> = serde_json::from_str(&data).ok();
            prop_assert!(whole.is_some() || !openai_like().is_error("", &data));
        }
    }
}
