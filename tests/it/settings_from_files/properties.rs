use std::time::Duration;

use http::StatusCode;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use steadfast::breaker::Mode;
use steadfast::config::{AttemptsFor, BaseUrl, Classification, EndsWith, Limit, Settings};
use steadfast::{FailureKind, Jitter, Redirects, Replay};

use super::{rows::ROWS, toml};

fn duration() -> impl Strategy<Value = Duration> {
    (0_u64..=10_000_000_000, 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

/// Exact in every format: `serde_json` reads longer ones inexactly unless asked.
fn number() -> impl Strategy<Value = f64> {
    (-1_000_000_i32..1_000_000).prop_map(|thousandths| f64::from(thousandths) / 1000.0)
}

fn limit<T: std::fmt::Debug + Clone + 'static>(at: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Limit<T>> {
    prop_oneof![Just(Limit::None), at.prop_map(Limit::At)].boxed()
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
        number().prop_map(Jitter::Additive),
    ]
}

fn attempts_for() -> impl Strategy<Value = AttemptsFor> {
    let which = prop_oneof![
        (100_u16..=999).prop_map(|code| EndsWith::Status(StatusCode::from_u16(code).unwrap())),
        Just(EndsWith::Timeout),
        Just(EndsWith::Failure(FailureKind::ConnectionLost)),
    ];
    (which, any::<u32>()).prop_map(|(which, attempts)| AttemptsFor::new(which, attempts))
}

type Limits = (
    Option<Vec<AttemptsFor>>,
    Option<Limit<Duration>>,
    Option<Limit<Vec<Duration>>>,
    Option<usize>,
    Option<Duration>,
    Option<Limit<f64>>,
);

fn limits() -> impl Strategy<Value = Limits> {
    (
        of(vec(attempts_for(), 0..5)),
        of(limit(duration())),
        of(limit(vec(duration(), 1..5))),
        of(any::<u32>().prop_map(|attempts| attempts as usize)),
        of(duration()),
        of(limit(number())),
    )
}

prop_compose! {
    fn times()(
        base in of("https://[a-z]{1,9}\\.example/[a-z0-9\"\\\\]{0,9}"), attempt in of(duration()),
        total in of(limit(duration())), buffer in of(limit(any::<u32>())), base_wait in of(duration()),
        max in of(duration()), hold_back in of(limit(duration())), slow in of(limit(duration())),
    ) -> Settings {
        let mut settings = Settings::default();
        settings.base_url = base.as_deref().map(BaseUrl::from);
        settings.attempt_timeout = attempt;
        settings.total_timeout = total;
        settings.buffer = buffer.map(|limit| match limit {
            Limit::None => Limit::None,
            Limit::At(bytes) => Limit::At(bytes as usize),
        });
        settings.retry.backoff.base = base_wait;
        settings.retry.backoff.max = max;
        settings.breaker.hold_back = hold_back;
        settings.breaker.slow_calls.from = slow;
        settings
    }
}

prop_compose! {
    fn any_settings()(
        mut settings in times(), attempts in of(any::<u32>()), factor in of(number()), jitter in of(jitter()),
        failures in of(limit(any::<u32>())), enabled in of(any::<bool>()), cost in of(number()),
        limits in limits(), words in (0_u8..4, 0_u8..3, 0_u8..3, 0_u8..4),
    ) -> Settings {
        settings.retry.max_attempts = attempts;
        settings.retry.max_attempts_for = limits.0;
        settings.retry.max_elapsed = limits.1;
        settings.retry.backoff.steps = limits.2;
        settings.concurrency.attempts = limits.3.map(Limit::At);
        settings.concurrency.max_wait = limits.4;
        settings.hedge.percentile = limits.5;
        settings.hedge.at_least = limits.4;
        settings.retry.backoff.factor = factor;
        settings.retry.backoff.jitter = jitter;
        settings.breaker.consecutive_failures = failures;
        settings.breaker.enabled = enabled;
        settings.budget.cost.throttled = cost;
        settings.redirects = [None, Some(Redirects::AnyOrigin), Some(Redirects::SameOrigin), Some(Redirects::Never)][usize::from(words.0)];
        settings.replay = [None, Some(Replay::WhenUntouched), Some(Replay::AtLeastOnce)][usize::from(words.1)];
        settings.retry.classify = [None, Some(Classification::Standard), Some(Classification::Strict)][usize::from(words.2)];
        settings.breaker.mode = [None, Some(Mode::Normal), Some(Mode::ObserveOnly), Some(Mode::RetriesOnly)][usize::from(words.3)];
        settings
    }
}

/// A base URL is printed as the URL parser writes it.
fn plain(mut settings: Settings) -> Settings {
    let written = settings
        .base_url
        .as_ref()
        .map(|base| reqwest::Url::parse(base.as_str()).unwrap());
    settings.base_url = written.as_ref().map(BaseUrl::from);
    settings
}

proptest! {
    #[test]
    fn whatever_is_set_is_printed_and_read_back_the_same_in_each_format(settings in any_settings()) {
        let json = serde_json::to_string(&settings).unwrap();
        let yaml = serde_saphyr::to_string(&settings).unwrap();
        let text = settings.to_string();
        let expected = plain(settings.clone());
        prop_assert_eq!(&toml(&text), &expected);
        prop_assert_eq!(&toml(&toml::to_string(&settings).unwrap()), &expected);
        prop_assert_eq!(&serde_json::from_str::<Settings>(&json).unwrap(), &expected);
        prop_assert_eq!(&serde_saphyr::from_str::<Settings>(&yaml).unwrap(), &expected);
    }

    #[test]
    fn an_overlay_takes_each_field_from_the_upper_layer_that_sets_it(under in any_settings(), over in any_settings()) {
        let both = under.clone().overlay(&over);
        for row in ROWS {
            let upper = super::at(&over, row.path);
            prop_assert_eq!(super::at(&both, row.path), upper.or(super::at(&under, row.path)), "{}", row.path);
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in "[a-z_.=\"\\[\\]{} 0-9\n]{0,80}") {
        let _ = toml::from_str::<Settings>(&text);
        let _ = serde_json::from_str::<Settings>(&text);
        let _ = Settings::from_env("A", [(format!("A_{}", text.to_uppercase()), text)]);
    }
}
