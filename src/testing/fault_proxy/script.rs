//! Which request meets which fault, as data.

use serde::{Deserialize, Serialize};

use super::fault::{Ending, Fault, Point};
use super::matcher::Matcher;
use super::passage::Passage;

/// Which request meets which fault: a list, one per connection, by matcher, or seeded chance.
///
/// Parts are asked in their order and the first that names a fault wins; where none does, the request passes. Prints
/// as JSON and reads back from it.
///
/// # Examples
///
/// ```
/// use steadfast::testing::fault_proxy::{Fault, FaultScript, Matcher, Point};
///
/// // The first response is lost, the second request is reset, the third passes.
/// let list = FaultScript::list([Fault::lost_response(), Fault::reset(Point::BeforeForwarding)]);
///
/// // The second POST to /v1/charges is lost; of all other requests, 5 % are.
/// let post = Matcher::new().method("POST").path("/v1/charges").nth(2);
/// let script = FaultScript::when(post, Fault::lost_response()).or(FaultScript::random(7).lost_response(0.05));
///
/// assert_eq!(script.to_string().parse::<FaultScript>()?, script);
/// # Ok::<(), steadfast::testing::fault_proxy::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use]
pub struct FaultScript {
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    List(Vec<Fault>),
    PerConnection(Vec<Fault>),
    When { matcher: Matcher, fault: Fault },
    Random { seed: u64, rates: Vec<(f64, Fault)> },
}

impl FaultScript {
    /// Lets everything pass.
    pub const fn pass() -> Self {
        Self { parts: Vec::new() }
    }

    /// Gives each request the next fault of a list, and lets the rest pass.
    ///
    /// A fault that strikes at a new connection waits for one, and the requests before it pass.
    pub fn list(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::of(Part::List(faults.into_iter().collect()))
    }

    /// Gives all requests of the first connection the first fault, and so on; later connections pass.
    pub fn per_connection(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::of(Part::PerConnection(faults.into_iter().collect()))
    }

    /// Gives the requests that match a fault; one that strikes before the request is read never applies here.
    pub fn when(matcher: Matcher, fault: Fault) -> Self {
        Self::of(Part::When { matcher, fault })
    }

    /// Draws by chance, the same for the same seed and the same number of arrival; add rates with
    /// [`rate`](Self::rate).
    pub fn random(seed: u64) -> Self {
        Self::of(Part::Random {
            seed,
            rates: Vec::new(),
        })
    }

    /// Adds a fault to the random part, or a random part with seed 0, with a probability from 0 to 1.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn rate(mut self, probability: f64, fault: Fault) -> Self {
        assert!(
            (0.0..=1.0).contains(&probability),
            "a probability is from 0 to 1, not {probability}"
        );
        if let Some(Part::Random { rates, .. }) = self.parts.last_mut() {
            rates.push((probability, fault));
            return self;
        }
        self.or(Self::of(Part::Random {
            seed: 0,
            rates: vec![(probability, fault)],
        }))
    }

    /// Loses responses with a probability from 0 to 1: the server executes, the connection closes.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn lost_response(self, probability: f64) -> Self {
        self.rate(probability, Fault::lost_response())
    }

    /// Resets connections before the request is forwarded, with a probability from 0 to 1.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn reset(self, probability: f64) -> Self {
        self.rate(probability, Fault::reset(Point::BeforeForwarding))
    }

    /// Cuts responses after ten bytes of their body, with a probability from 0 to 1.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn cut_body(self, probability: f64) -> Self {
        self.rate(probability, Fault::close(Point::Body(10)))
    }

    /// Closes idle connections at the moment of their reuse, with a probability from 0 to 1.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn end_on_reuse(self, probability: f64) -> Self {
        self.rate(probability, Fault::EndOnReuse(Ending::Close))
    }

    /// Answers with a status in the server's place, with a probability from 0 to 1.
    ///
    /// # Panics
    ///
    /// When the probability is not within 0 to 1.
    #[track_caller]
    pub fn answer(self, probability: f64, status: u16) -> Self {
        self.rate(probability, Fault::answer(status))
    }

    /// Repeats what was applied to the arrivals of a run, in their order.
    ///
    /// Exact when the requests come one after another, as they did; several at once may change places.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::testing::fault_proxy::FaultScript;
    /// use steadfast::testing::{FaultProxy, PaymentApi};
    ///
    /// let api = PaymentApi::start().await?;
    /// let proxy = FaultProxy::builder(api.url()).script(FaultScript::random(7).lost_response(0.5)).start().await?;
    /// for _ in 0..3 {
    ///     let _ = reqwest::Client::new().post(proxy.url()).send().await;
    /// }
    /// // A line for the log of a failed test; `parse()` gives the script back.
    /// let line = FaultScript::replay(&proxy.passages()).to_string();
    /// assert!(line.starts_with(r#"[{"list":["#));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    pub fn replay(passages: &[Passage]) -> Self {
        Self::list(
            passages
                .iter()
                .filter(|passage| !passage.was_cut_off())
                .map(|passage| passage.fault().clone()),
        )
    }

    /// Asks `other` about what this script has no fault for.
    pub fn or(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    fn of(part: Part) -> Self {
        Self { parts: vec![part] }
    }
}
