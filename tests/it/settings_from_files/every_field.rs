use steadfast::config::{Effective, Field, Settings, fields};

use super::rows::{ROWS, Row};
use super::{at, refused, toml};

fn field(row: &Row) -> Field {
    let found = fields().into_iter().find(|field| field.path == row.path);
    found.unwrap_or_else(|| panic!("there is no field {}", row.path))
}

#[test]
fn every_field_has_a_row() {
    let listed: Vec<_> = fields().into_iter().map(|field| field.path).collect();
    let tested: Vec<_> = ROWS.iter().map(|row| row.path).collect();
    assert_eq!(listed, tested);
}

#[test]
fn every_field_reaches_the_client() {
    for row in ROWS {
        let settings = toml(&row.line(row.good));
        let client = settings.builder().unwrap().build().unwrap();
        let effective = Effective::of(&client);
        assert_eq!(at(&effective, row.path), at(&settings, row.path), "{}", row.path);
        let default = Effective::of(&steadfast::Client::new());
        assert_ne!(at(&effective, row.path), at(&default, row.path), "{}", row.path);
    }
}

#[test]
fn every_value_outside_its_range_is_refused_by_path_and_range() {
    for row in ROWS {
        let message = refused(&row.line(row.outside));
        assert!(message.starts_with(&format!("`{}` must be ", row.path)), "{message}");
        // The connect timeout's range ends with the attempt timeout that is in force.
        let ends = ["", " of 30s"].map(|end| format!("{}{end}, but was ", row.range));
        assert!(ends.iter().any(|end| message.contains(end)), "{message}");
    }
}

#[test]
fn every_value_of_a_wrong_form_is_refused_by_path_form_and_range() {
    for row in ROWS {
        let accepted = field(row).accepted;
        for (wrong, shown) in [("{ x = 1 }", "a table"), ("[1]", "a list with another item")] {
            let message = refused(&row.line(wrong));
            let expected = format!("`{}` must be {accepted}, but was {shown}", row.path);
            assert!(message.starts_with(&expected), "{message}\n{expected}");
        }
    }
}

#[test]
fn the_range_that_a_field_announces_is_the_one_its_builder_enforces() {
    for row in ROWS {
        let announced = field(row).accepted;
        // Depends on the base, which only the builder knows.
        let range = if row.path == "retry.backoff.max" {
            "the base to 86400s"
        } else {
            row.range
        };
        assert!(announced.ends_with(range), "{}: {announced}", row.path);
    }
}

#[test]
fn every_misspelt_field_is_refused_by_path_with_the_names_that_exist() {
    for row in ROWS {
        let message = refused(&format!("{}x = {}\n", row.path, row.good));
        let (_, name) = row.path.rsplit_once('.').unwrap_or(("", row.path));
        assert!(
            message.starts_with(&format!("there is no setting `{}x`, only ", row.path)),
            "{message}"
        );
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn a_table_where_a_value_belongs_and_the_reverse_are_refused() {
    for path in [
        "retry",
        "retry.backoff",
        "breaker",
        "breaker.slow_calls",
        "budget",
        "budget.cost",
        "key",
    ] {
        let message = refused(&format!("{path} = 5\n"));
        assert!(message.contains(&format!("a table for `{path}`")), "{message}");
    }
    assert_eq!(
        refused("[max_attempts]\n"),
        "there is no setting `max_attempts`, only `base_url`, `attempt_timeout`, `total_timeout`, `connect_timeout`, \
         `buffer`, `redirects`, `replay`, `builtin_presets`, `retry`, `breaker`, `budget`, `key`"
    );
}

#[test]
fn an_error_says_where_in_the_file_it_is() {
    let error = toml::from_str::<Settings>("[retry]\nmax_attempts = 4\n\n[retry.backoff]\nbase = 5\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "TOML parse error at line 5, column 8\n  |\n5 | base = 5\n  |        ^\n\
         `retry.backoff.base` must be a duration such as \"250ms\" or \"1m 30s\": 1ms to 86400s, but was 5\n"
    );
    let error = serde_json::from_str::<Settings>("{\n  \"retry\": { \"max_attempts\": -1 }\n}").unwrap_err();
    assert_eq!(error.line(), 2);
    assert!(
        error
            .to_string()
            .starts_with("`retry.max_attempts` must be a whole number: 1 to 100, but was -1")
    );
}

#[test]
fn half_of_the_slow_calls_is_refused_by_the_name_of_the_other() {
    for (text, path) in [
        (
            r#"breaker.slow_calls.from = "1s""#,
            "`breaker.slow_calls.rate` must be a rate above 0, up to 1",
        ),
        (
            "breaker.slow_calls.rate = 0.5",
            "`breaker.slow_calls.from` must be 1 ms to 1 h",
        ),
    ] {
        let message = refused(text);
        assert!(message.starts_with(path), "{message}");
    }
    let off = toml("breaker.slow_calls = { from = \"none\", rate = 0.5 }");
    assert!(off.builder().is_ok());
}

#[test]
fn what_is_turned_off_is_checked_all_the_same() {
    assert_eq!(
        refused("breaker.enabled = false\nbreaker.probes = 0\n"),
        "`breaker.probes` must be 1 to 100 probes, but was 0"
    );
    assert_eq!(
        refused("budget.enabled = false\nbudget.earn = 2.0\n"),
        "`budget.earn` must be 0 to 1 token, but was 2"
    );
}
