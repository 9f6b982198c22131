//! Codes out of error bodies, whatever arrived: malformed, cut, hostile.

use serde_json::Value;

/// The texts and numbers at any of these paths (`error.code`); lists on the way are searched through.
pub(super) fn codes(body: &[u8], paths: &[Box<str>]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in paths {
        let names: Vec<_> = path.split('.').collect();
        collect(&value, &names, &mut found);
    }
    found
}

/// A member of a JSON object that is a text.
pub(crate) fn member_of_json(body: &[u8], member: &str) -> Option<String> {
    match serde_json::from_slice::<Value>(body).ok()?.get_mut(member)?.take() {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// As deep as the body at most, which `serde_json` limits to 128.
fn collect(value: &Value, path: &[&str], found: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => {
            for item in items {
                collect(item, path, found);
            }
        }
        (Value::Object(members), [name, rest @ ..]) => {
            if let Some(member) = members.get(*name) {
                collect(member, rest, found);
            }
        }
        (Value::String(text), []) => found.push(text.clone()),
        (Value::Number(number), []) => found.push(number.to_string()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(body: &str, path: &str) -> Vec<String> {
        codes(body.as_bytes(), &[path.into()])
    }

    #[test]
    fn codes_are_found_through_objects_and_lists() {
        assert_eq!(at(r#"{"error":{"code":"a"}}"#, "error.code"), ["a"]);
        assert_eq!(at(r#"[{"error":{"code":429}}]"#, "error.code"), ["429"]);
        assert_eq!(at(r#"{"e":[{"c":"a"},{"c":"b"},{},7]}"#, "e.c"), ["a", "b"]);
    }

    #[test]
    fn what_is_not_there_or_not_json_gives_nothing() {
        for body in [
            "",
            "{",
            "null",
            "7",
            "\"error\"",
            r#"{"error":null}"#,
            r#"{"error":{"code":{}}}"#,
            "<html>",
            "\u{feff}{}",
        ] {
            assert!(at(body, "error.code").is_empty(), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert!(at(&deep, "a").is_empty());
        let cut = &r#"{"error":{"code":"a"}}"#[..15];
        assert!(at(cut, "error.code").is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[\\[\\]{}\",:a-z0-9 ]{0,80}", path in "[a-c.]{0,10}") {
            let paths = [path.as_str().into()];
            let _ = codes(&bytes, &paths);
            let _ = codes(text.as_bytes(), &paths);
            let _ = member_of_json(&bytes, &path);
            let _ = member_of_json(text.as_bytes(), "a");
        }
    }
}
