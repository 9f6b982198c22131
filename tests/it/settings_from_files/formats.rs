use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast::config::{BreakerSettings, BudgetSettings, RetrySettings, Settings};
use steadfast::{Backoff, Jitter, RetryPolicy};

use super::rows::ROWS;
use super::toml;

/// All rows at once.
fn whole() -> Settings {
    let lines: Vec<_> = ROWS
        .iter()
        .map(|row| format!("{} = {}\n", row.path, row.good))
        .collect();
    toml(&lines.concat())
}

#[test]
fn toml_yaml_and_json_give_the_same_settings() {
    let yaml = r"
base_url: https://api.example.com/v1
total_timeout: none
buffer: 1048576
redirects: same_origin
retry:
  max_attempts: 4
  backoff: { base: 250ms, factor: 3, max: 1m 30s, jitter: none }
breaker:
  consecutive_failures: 7
  slow_calls: { from: 2s, rate: 0.5 }
budget:
  enabled: true
  cost: { timed_out: 2 }
key:
  methods: [POST, PUT]
  lifetime: 1day
";
    let json = r#"{
  "base_url": "https://api.example.com/v1", "total_timeout": "none", "buffer": 1048576, "redirects": "same_origin",
  "retry": { "max_attempts": 4, "backoff": { "base": "250ms", "factor": 3, "max": "1m 30s", "jitter": "none" } },
  "breaker": { "consecutive_failures": 7, "slow_calls": { "from": "2s", "rate": 0.5 } },
  "budget": { "enabled": true, "cost": { "timed_out": 2 } },
  "key": { "methods": ["POST", "PUT"], "lifetime": "1day" }
}"#;
    let from_toml = toml(
        r#"
base_url = "https://api.example.com/v1"
total_timeout = "none"
buffer = 1048576
redirects = "same_origin"
retry.max_attempts = 4
retry.backoff = { base = "250ms", factor = 3, max = "1m 30s", jitter = "none" }
breaker.consecutive_failures = 7
breaker.slow_calls = { from = "2s", rate = 0.5 }
budget.enabled = true
budget.cost.timed_out = 2
key.methods = ["POST", "PUT"]
key.lifetime = "1day"
"#,
    );
    assert_eq!(serde_saphyr::from_str::<Settings>(yaml).unwrap(), from_toml);
    assert_eq!(serde_json::from_str::<Settings>(json).unwrap(), from_toml);
    assert_eq!(from_toml.retry.backoff.jitter, Some(Jitter::None));
}

#[test]
fn each_format_reads_what_each_format_writes_of_every_field() {
    let settings = whole();
    let json = serde_json::to_string(&settings).unwrap();
    let yaml = serde_saphyr::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
    assert_eq!(serde_saphyr::from_str::<Settings>(&yaml).unwrap(), settings, "{yaml}");
    assert_eq!(toml(&toml::to_string(&settings).unwrap()), settings);
    assert_eq!(toml(&settings.to_string()), settings);
}

#[test]
fn unknown_fields_and_null_and_duplicates_are_refused_in_each_format() {
    let unknown = "there is no setting `key.metods`, only `header`, `format`, `methods`, `support`, `lifetime`";
    let json = |text| serde_json::from_str::<Settings>(text).unwrap_err().to_string();
    let yaml = |text| serde_saphyr::from_str::<Settings>(text).unwrap_err().to_string();
    assert!(json(r#"{ "key": { "metods": [] } }"#).starts_with(unknown));
    assert!(yaml("key:\n  metods: []\n").contains(unknown));
    assert!(json(r#"{ "total_timeout": null }"#).starts_with("`total_timeout` must be a duration such as"));
    assert!(yaml("total_timeout: null\n").contains("`total_timeout` must be a duration such as"));
    assert!(json(r#"{ "key": { "format": "raw", "format": "quoted" } }"#).starts_with("`key.format` is set twice"),);
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MyConfig {
    name: String,
    retry: RetryPolicy,
    breaker: BreakerSettings,
    #[serde(default)]
    budget: BudgetSettings,
}

#[test]
fn each_part_is_usable_alone_in_a_configuration_of_ones_own() {
    let text = r#"
name = "billing"
[retry]
max_attempts = 2
backoff.base = "10ms"
[breaker]
probes = 1
"#;
    let mine: MyConfig = toml::from_str(text).unwrap();
    assert_eq!((mine.name.as_str(), mine.retry.max_attempts()), ("billing", 2));
    assert_eq!(mine.retry.backoff().wait(1, None, 0.0), Duration::from_millis(10));
    assert!(mine.breaker.builder().unwrap().build().is_ok() && mine.budget.builder().build().is_ok());

    let again: MyConfig = toml::from_str(&toml::to_string(&mine).unwrap()).unwrap();
    assert_eq!(again.retry.backoff().wait(1, None, 0.0), Duration::from_millis(10));
    assert_eq!(again.breaker, mine.breaker);
}

#[test]
fn a_policy_is_checked_as_it_is_read() {
    let refused = |text: &str| toml::from_str::<MyConfig>(text).unwrap_err().message().to_owned();
    assert_eq!(
        refused("name = \"x\"\nbreaker = {}\nretry.backoff.max = \"1ms\"\n"),
        "`backoff.max` must be 1s to 1day, but was 1ms"
    );
    assert!(refused("name = \"x\"\nbreaker = {}\nretry.attempts = 3\n").starts_with("there is no setting `attempts`"));
}

#[test]
fn a_policy_with_a_closure_is_not_written_as_one_without() {
    let closure = RetryPolicy::builder().classify_fn(|_| None).build().unwrap();
    let error = serde_json::to_string(&closure).unwrap_err();
    assert_eq!(error.to_string(), "`classify` was set in code and cannot be written");
    let custom = Backoff::custom(|_| Duration::from_secs(1));
    let custom = RetryPolicy::builder().backoff(custom).build().unwrap();
    assert!(serde_json::to_string(&custom).is_err());

    let strict = serde_json::to_string(&RetryPolicy::strict()).unwrap();
    let settings: RetrySettings = serde_json::from_str(&strict).unwrap();
    assert_eq!(settings.classify, Some(steadfast::config::Classification::Strict));
}
