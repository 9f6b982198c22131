//! A place inside the handler where a request waits for the test.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

/// Holds executions inside the handler until the test lets them go.
///
/// With a gate a test sees a request in flight without guessing how long to sleep. Clones are the same gate; once
/// released it stays open.
///
/// # Examples
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::testing::payment_api::{Gate, PaymentApi, Turn};
///
/// let api = PaymentApi::start().await?;
/// let gate = Gate::new();
/// api.script(Turn::charge().held(&gate));
///
/// let charge = || reqwest::Client::new().post(api.endpoint("/v1/charges")).header("Idempotency-Key", "order-1");
/// let first = tokio::spawn(charge().send());
/// gate.entered().await;
/// assert_eq!(charge().send().await?.status(), 409);
///
/// gate.release();
/// assert_eq!(first.await??.status(), 200);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Gate {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    entered: watch::Sender<usize>,
    // Never holds a permit: closing it is the release, which nobody can miss, however late they come.
    closed: Semaphore,
}

impl Gate {
    /// Makes a closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                entered: watch::Sender::new(0),
                closed: Semaphore::new(0),
            }),
        }
    }

    /// Waits until an execution has reached the gate.
    pub async fn entered(&self) {
        // Fails only when the sender is gone, and `self` holds it.
        let _ = self.shared.entered.subscribe().wait_for(|count| *count > 0).await;
    }

    /// Opens the gate for good.
    pub fn release(&self) {
        self.shared.closed.close();
    }

    pub(super) async fn pass(&self) {
        self.shared.entered.send_modify(|count| *count += 1);
        // An error is the release; a permit is never given.
        let _ = self.shared.closed.acquire().await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
