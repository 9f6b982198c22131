//! Reads Rust as text: enough to find the paths that a file names.

use std::collections::BTreeSet;

/// The code alone: comments, texts, characters and test modules are gone.
pub(super) fn code_of(text: &str) -> String {
    without_test_modules(&without_texts(text))
}

/// The top-level modules (or root re-exports) that code in this file names, by `crate::` or by `super::`.
pub(super) fn crate_modules_named_in(code: &str, path: &str) -> BTreeSet<String> {
    let compact = squeezed(code);
    let mut names = BTreeSet::new();
    let depth = path.split('/').filter(|part| *part != "mod.rs").count();
    for prefix in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in compact.match_indices(&prefix) {
            let before = compact[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            names.extend(first_segments(&compact[at + prefix.len()..]));
        }
    }
    names
}

/// True if the code names this path, as a whole word at both ends.
pub(super) fn names_path(code: &str, path: &str) -> bool {
    let compact = squeezed(code);
    compact.match_indices(path).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = compact[..at].chars().next_back();
        let after = compact[at + path.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// `a`, or the `a` and `b` of `{a::x, b::{y}}`.
fn first_segments(path: &str) -> Vec<String> {
    let segment = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else {
        return vec![segment(path)];
    };
    let (mut depth, mut found, mut start) = (0_usize, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                found.push(segment(group[start..at].trim()));
                start = at + 1;
            }
            '}' => {
                found.push(segment(group[start..at].trim()));
                break;
            }
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Without white space around the separators of paths.
fn squeezed(code: &str) -> String {
    let words: Vec<_> = code.split_whitespace().collect();
    let joined = words.join(" ");
    joined.replace(" ::", "::").replace(":: ", "::").replace("{ ", "{")
}

/// Blanks comments, string and character literals; lifetimes stay.
fn without_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest),
            'r' if !ends_in_word(&code) => raw_text(rest).unwrap_or(0),
            '\'' => character(rest).unwrap_or(0),
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    code.chars()
        .next_back()
        .is_some_and(|c| c.is_alphanumeric() || c == '_')
        && !code.ends_with(" b")
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_text(text: &str) -> Option<usize> {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let start = 1 + hashes;
    if !text[start..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        text[start + 1..]
            .find(&end)
            .map_or(text.len(), |at| start + 1 + at + end.len()),
    )
}

/// The length of a character literal; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    let (at, next) = chars.next()?;
    (next == '\'').then_some(at + 1)
}

/// Cuts out every item that is for tests alone: from `#[cfg(test)]` to the end of the block that follows.
fn without_test_modules(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        let after = &rest[at..];
        let Some(open) = after.find(['{', ';']) else {
            return kept;
        };
        let mut depth = 0_usize;
        let end = after[open..].char_indices().find(|(_, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        rest = end.map_or("", |(at, c)| &after[open + at + c.len_utf8()..]);
    }
    kept.push_str(rest);
    kept
}
