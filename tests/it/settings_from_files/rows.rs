/// One field: what it takes, and what its builder refuses.
pub(super) struct Row {
    pub(super) path: &'static str,
    /// A value in TOML that is not the default.
    pub(super) good: &'static str,
    /// A value in TOML outside the range; empty if every value of the right form is accepted.
    pub(super) outside: &'static str,
    /// The range as the refusal words it, or the words that are accepted.
    pub(super) range: &'static str,
    /// What has to be set as well.
    pub(super) with: &'static str,
}

const fn row(path: &'static str, good: &'static str, outside: &'static str, range: &'static str) -> Row {
    Row {
        path,
        good,
        outside,
        range,
        with: "",
    }
}

const COST: &str = "0.001 to 1,000 tokens and at most the capacity";
const RATE: &str = "a rate above 0, up to 1";
const ORIGINS: &str = "1 to 32,768 origins";
const BASE: &str = "http or https, without query and fragment";

/// A field without a row fails a test.
pub(super) const ROWS: &[Row] = &[
    row(
        "base_url",
        r#""https://api.example.com/v1""#,
        r#""ftp://api.example.com""#,
        BASE,
    ),
    row("attempt_timeout", r#""20s""#, r#""0s""#, "1ms to 1day"),
    row("total_timeout", r#""1m 30s""#, r#""31days""#, "1ms to 30days"),
    row(
        "connect_timeout",
        r#""3s""#,
        r#""30s""#,
        "at least 1ms and less than the attempt timeout",
    ),
    row("buffer", "1048576", "-1", "in bytes"),
    row(
        "redirects",
        r#""never""#,
        r#""all""#,
        r#""any_origin" or "same_origin" or "never""#,
    ),
    row(
        "replay",
        r#""at_least_once""#,
        r#""once""#,
        r#""when_untouched" or "at_least_once""#,
    ),
    row("builtin_presets", "false", r#""no""#, "true or false"),
    row("retry.max_attempts", "4", "101", "1 to 100"),
    row(
        "retry.max_attempts_for",
        r#"["503: 2", "timeout: 3", "connection_lost: 1"]"#,
        r#"["503: 0"]"#,
        "1 to 100",
    ),
    row("retry.max_elapsed", r#""45s""#, r#""31days""#, "1ms to 30days"),
    row("retry.retry_after_limit", r#""30s""#, r#""2days""#, "0s to 1day"),
    row(
        "retry.classify",
        r#""strict""#,
        r#""lenient""#,
        r#""standard" or "strict""#,
    ),
    row(
        "retry.backoff.steps",
        r#"["50ms", "1m 30s"]"#,
        "[]",
        "at least one wait",
    ),
    row("retry.backoff.base", r#""250ms""#, r#""0s""#, "1ms to 1day"),
    row("retry.backoff.factor", "1.5", "0.5", "1.0 to 100.0"),
    row("retry.backoff.max", r#""5s""#, r#""999ms""#, "1s to 1day"),
    row("retry.backoff.jitter", r#""full""#, "1.5", "0.0 to 1.0"),
    row("breaker.enabled", "false", "0", "true or false"),
    row("breaker.failure_rate", "0.9", "0.0", RATE),
    row("breaker.min_attempts", "20", "0", "1 to 1,000,000 attempts"),
    row("breaker.window", r#""1m""#, r#""99ms""#, "100ms to 1h"),
    row("breaker.consecutive_failures", "7", "0", "1 to 1,000,000 failures"),
    row("breaker.open_for", r#""10s""#, r#""2h""#, "1ms to 1h"),
    row("breaker.max_open_for", r#""2m""#, r#""4s""#, "`open_for` to 1day"),
    row("breaker.probes", "1", "101", "1 to 100 probes"),
    row("breaker.probe_timeout", r#""2m""#, r#""0s""#, "1ms to 1h"),
    row(
        "breaker.mode",
        r#""retries_only""#,
        r#""off""#,
        r#""normal" or "observe_only" or "retries_only""#,
    ),
    row("breaker.hold_back", r#""30s""#, r#""61m""#, "1ms to 1h"),
    row("breaker.max_origins", "16", "32769", ORIGINS),
    Row {
        with: "breaker.slow_calls.rate = 0.5",
        ..row("breaker.slow_calls.from", r#""2s""#, r#""2h""#, "1ms to 1h")
    },
    Row {
        with: r#"breaker.slow_calls.from = "2s""#,
        ..row("breaker.slow_calls.rate", "0.25", "1.01", RATE)
    },
    row("budget.enabled", "false", r#""false""#, "true or false"),
    row("budget.capacity", "50", "0.5", "1 to 1,000,000 tokens"),
    row("budget.initial", "2.5", "11", "0 tokens to the capacity"),
    row("budget.earn", "0.2", "1.1", "0 to 1 token"),
    row("budget.refund", "0.5", "-1", "0 to 1,000 tokens"),
    row("budget.max_origins", "16", "0", ORIGINS),
    row("budget.cost.error", "2", "0", COST),
    row("budget.cost.timed_out", "3.5", "11", COST),
    row("budget.cost.throttled", "0.25", "nan", COST),
    row("concurrency.attempts", "16", "0", "1 to 1000000"),
    Row {
        with: "concurrency.attempts = 16",
        ..row("concurrency.queue", "0", "1000001", "0 to 1000000")
    },
    Row {
        with: "concurrency.attempts = 16",
        ..row("concurrency.max_wait", r#""2s""#, r#""0s""#, "1ms to 1day")
    },
    row("hedge.after", r#""300ms""#, r#""0s""#, "1ms to 1day"),
    row("hedge.percentile", "0.95", "0.4", "0.5 to 0.999"),
    Row {
        with: "hedge.percentile = 0.95",
        ..row("hedge.at_least", r#""20ms""#, r#""2days""#, "1ms to 1day")
    },
    row(
        "key.header",
        r#""x-request-id""#,
        r#""authorization""#,
        "a header of its own",
    ),
    row("key.format", r#""quoted""#, r#""plain""#, r#""raw" or "quoted""#),
    row(
        "key.methods",
        r#"["PUT"]"#,
        r#"["post"]"#,
        r#"a list of methods such as ["POST", "PATCH"]"#,
    ),
    row("key.support", r#""ignored""#, r#""maybe""#, r#""honored" or "ignored""#),
    row("key.lifetime", r#""1day""#, r#""999ms""#, "at least 1s"),
];

impl Row {
    /// As one line of TOML.
    pub(super) fn line(&self, value: &str) -> String {
        format!("{} = {value}\n{}\n", self.path, self.with)
    }

    /// As an environment variable.
    pub(super) fn variable(&self, prefix: &str) -> (String, String) {
        let name = format!("{prefix}_{}", self.path.replace('.', "__").to_uppercase());
        (name, self.good.replace(['"', '[', ']'], ""))
    }
}
