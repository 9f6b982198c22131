use std::collections::BTreeSet;

use steadfast::Client;
use steadfast::config::{Effective, Settings, fields};

use super::{at, toml};

const FILE: &str = include_str!("../../../examples/config/steadfast.toml");

/// What has no default, or belongs to something that is off.
const NOT_IN_FORCE: [&str; 6] = [
    "base_url",
    "attempt_timeout",
    "breaker.slow_calls.rate",
    "concurrency.queue",
    "concurrency.max_wait",
    "hedge.at_least",
];

/// The file with its optional settings switched on: `# name = value`.
fn switched_on() -> String {
    let lines = FILE.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if is_setting(rest) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|character| character.is_ascii_lowercase() || character == '_')
    })
}

fn effective(settings: &Settings) -> Effective {
    Effective::of(&settings.builder().unwrap().build().unwrap())
}

#[test]
fn the_example_file_gives_exactly_the_defaults() {
    let (file, default) = (effective(&toml(FILE)), Effective::of(&Client::new()));
    assert_eq!(file.settings(), default.settings());
    assert_eq!(effective(&Settings::default()).settings(), default.settings());
    assert!(default.in_code().is_empty());
}

#[test]
fn the_example_file_leaves_unset_only_what_depends_on_something_else() {
    let settings = toml(FILE);
    let unset: Vec<_> = fields()
        .into_iter()
        .map(|field| field.path)
        .filter(|path| at(&settings, path).is_none())
        .collect();
    assert_eq!(
        unset,
        [
            "base_url",
            "attempt_timeout",
            "connect_timeout",
            "redirects",
            "breaker.max_open_for",
            "breaker.slow_calls.rate",
            "budget.initial",
            "concurrency.queue"
        ]
    );
}

#[test]
fn the_example_file_has_every_field_once_and_shows_each_default() {
    let text = switched_on();
    let settings = toml(&text);
    let mut listed = BTreeSet::new();
    let default = Effective::of(&Client::new());
    for field in fields() {
        let shown = at(&settings, &field.path);
        assert!(shown.is_some(), "{} is not in the file", field.path);
        match at(&default, &field.path) {
            Some(in_force) => assert_eq!(shown, Some(in_force), "{}", field.path),
            None => assert!(NOT_IN_FORCE.contains(&field.path.as_str()), "{}", field.path),
        }
        listed.insert(field.path);
    }
    assert_eq!(text.lines().filter(|line| is_setting(line)).count(), listed.len());
    assert_eq!(settings.attempt_timeout, Some(std::time::Duration::from_secs(30)));
    assert!(settings.builder().is_ok());
}

#[test]
fn the_example_file_says_something_of_every_field() {
    let lines: Vec<_> = FILE.lines().collect();
    let bare = |line: &str| is_setting(line) || line.strip_prefix("# ").is_some_and(is_setting);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| bare(line)) {
        let above = lines[index - 1];
        assert!(above.starts_with("# ") && !bare(above), "line {}: {line}", index + 1);
    }
}
