use std::time::Duration;

use steadfast::FailureKind;
use steadfast::config::{AttemptsFor, Effective, EndsWith, Field, Settings, fields};

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
            "the base to 1day"
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
        "concurrency",
        "hedge",
        "key",
    ] {
        let message = refused(&format!("{path} = 5\n"));
        assert!(message.contains(&format!("a table for `{path}`")), "{message}");
    }
    assert_eq!(
        refused("[max_attempts]\n"),
        "there is no setting `max_attempts`, only `base_url`, `attempt_timeout`, `total_timeout`, `connect_timeout`, \
         `buffer`, `redirects`, `replay`, `builtin_presets`, `retry`, `breaker`, `budget`, \
         `concurrency`, `hedge`, `key`"
    );
}

#[test]
fn an_error_says_where_in_the_file_it_is() {
    let error = toml::from_str::<Settings>("[retry]\nmax_attempts = 4\n\n[retry.backoff]\nbase = 5\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "TOML parse error at line 5, column 8\n  |\n5 | base = 5\n  |        ^\n\
         `retry.backoff.base` must be a duration such as \"250ms\" or \"1m 30s\": 1ms to 1day, but was 5\n"
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
fn half_of_what_belongs_together_is_refused_by_the_names_of_both() {
    for (text, missing, by) in [
        (r#"breaker.slow_calls.from = "1s""#, "breaker.slow_calls.rate", "from"),
        ("breaker.slow_calls.rate = 0.5", "breaker.slow_calls.from", "rate"),
        ("concurrency.queue = 5", "concurrency.attempts", "queue"),
        (r#"concurrency.max_wait = "5s""#, "concurrency.attempts", "max_wait"),
        (r#"hedge.at_least = "5ms""#, "hedge.percentile", "at_least"),
    ] {
        let expected = format!("`{missing}` must be set together with `{by}`, but was not");
        assert_eq!(refused(text), expected);
    }
}

#[test]
fn half_of_what_is_turned_off_by_name_may_be_left_over() {
    for text in [
        "breaker.slow_calls = { from = \"none\", rate = 0.5 }",
        "concurrency = { attempts = \"none\", queue = 5, max_wait = \"5s\" }",
        "hedge = { percentile = \"none\", at_least = \"5ms\" }",
        "hedge = { after = \"1s\", percentile = \"none\", at_least = \"5ms\" }",
        "hedge = { after = \"none\", percentile = 0.9 }",
        "retry.backoff = { steps = \"none\", base = \"5ms\", factor = 3 }",
    ] {
        assert!(toml(text).builder().is_ok(), "{text}");
    }
}

#[test]
fn a_wait_in_a_list_has_a_least_and_no_most() {
    for (text, shown) in [("[\"0s\"]", "0s"), ("[\"1s\", \"999us\"]", "999us")] {
        assert_eq!(
            refused(&format!("retry.backoff.steps = {text}")),
            format!("`retry.backoff.steps` must be waits of 1ms or more, but was {shown}")
        );
    }
}

/// In code, a curve of one's own starts from no cap but a day; in a file, what is not set is the default's.
#[test]
fn a_first_wait_above_the_default_cap_needs_a_cap_of_its_own_in_a_file_alone() {
    assert_eq!(
        refused("retry.backoff.base = \"20s\""),
        "`retry.backoff.max` must be 20s to 1day, but was 8s"
    );
    assert!(
        toml("retry.backoff = { base = \"20s\", max = \"1m\" }")
            .builder()
            .is_ok()
    );
    let waits = steadfast::Backoff::exponential(Duration::from_secs(20)).jitter(steadfast::Jitter::None);
    assert_eq!(waits.wait(99, None, 0.0), Duration::from_secs(86_400));
    let policy = steadfast::RetryPolicy::builder().backoff(waits);
    assert!(policy.build().is_ok());
}

#[test]
fn what_excludes_each_other_is_refused_by_the_names_of_both() {
    for (text, field, by, value) in [
        (
            "retry.backoff = { steps = [\"1s\"], base = \"2s\" }",
            "retry.backoff.base",
            "steps",
            "\"2s\"",
        ),
        (
            "retry.backoff = { steps = [\"1s\"], factor = 2 }",
            "retry.backoff.factor",
            "steps",
            "2.0",
        ),
        (
            "hedge = { after = \"1s\", percentile = 0.9 }",
            "hedge.percentile",
            "after",
            "0.9",
        ),
        (
            "hedge = { after = \"1s\", at_least = \"5ms\" }",
            "hedge.at_least",
            "after",
            "\"5ms\"",
        ),
    ] {
        let expected = format!("`{field}` must be left out where `{by}` is set, but was {value}");
        assert_eq!(refused(text), expected);
    }
}

#[test]
fn attempts_are_limited_for_statuses_and_failures_by_the_names_that_receipts_give_them() {
    for kind in [
        FailureKind::Request,
        FailureKind::Hook,
        FailureKind::Unready,
        FailureKind::Dns,
        FailureKind::Connect,
        FailureKind::ConnectTimeout,
        FailureKind::Tls,
        FailureKind::ProxyAuth,
        FailureKind::Nack,
        FailureKind::ConnectionLost,
        FailureKind::Protocol,
        FailureKind::HeadTimeout,
        FailureKind::BodyTimeout,
        FailureKind::Body,
        FailureKind::BodyTooLarge,
        FailureKind::Other,
    ] {
        let name = serde_json::to_value(kind).unwrap();
        let text = format!("retry.max_attempts_for = [\"{}: 2\"]", name.as_str().unwrap());
        let limit = AttemptsFor::new(EndsWith::Failure(kind), 2);
        assert_eq!(toml(&text).retry.max_attempts_for, Some(vec![limit]));
    }
    for wrong in [
        "503",
        "503:",
        ": 2",
        "99: 2",
        "5030: 2",
        "5xx: 2",
        "503: two",
        "503: -1",
        "503 = 2",
        "Timeout: 2",
    ] {
        let message = refused(&format!("retry.max_attempts_for = [\"{wrong}\"]"));
        assert!(
            message.ends_with(&format!("1 to 100, but was [\"{wrong}\"]")),
            "{message}"
        );
    }
    assert_eq!(
        refused(
            "retry.max_attempts_for = [\"500: 2\", \"501: 2\", \"502: 2\", \"503: 2\", \"504: 2\", \"505: 2\", \"507: 2\"]"
        ),
        "`retry.max_attempts_for` must be set at most 6 times, but was 7"
    );
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
