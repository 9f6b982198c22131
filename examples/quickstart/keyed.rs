use steadfast::budget::RetryBudget;
use steadfast::{Backoff, Client, Error, IdempotencyKey, Receipt, ResponseExt, RetryPolicy};
use tokio::task::JoinSet;

use crate::order::Order;
use crate::{ATTEMPT_TIMEOUT, WAITS};

/// Charges all orders at once; gives the receipts of those that were answered, in the orders' sequence.
pub(crate) async fn charge_all(url: &str, orders: &[Order]) -> Result<Vec<(Order, Receipt)>, Error> {
    // For a real service, `Client::new()` is enough. Here the waits are shortened, and what protects a server in an outage
    // is off: this one fails most of its requests by plan, and breaker and budget would leave it alone.
    let backoff = Backoff::exponential(WAITS[0]).max(WAITS[3]);
    let policy = RetryPolicy::builder().backoff(backoff).build()?;
    let client = Client::builder()
        .retry(policy)
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .retry_budget(RetryBudget::unlimited())
        .without_circuit_breaker()
        .build()?;

    let mut charges = JoinSet::new();
    for order in orders {
        charges.spawn(charge(client.clone(), url.to_owned(), order.clone()));
    }
    let mut receipts: Vec<_> = charges.join_all().await.into_iter().flatten().collect();
    receipts.sort_by_key(|(order, _)| order.id);
    Ok(receipts)
}

/// One operation: as many attempts as it takes, under one key.
///
/// The key comes from the order alone, so that it is the same after a restart.
async fn charge(client: Client, url: String, order: Order) -> Option<(Order, Receipt)> {
    let key = IdempotencyKey::derive(["charge", &order.id.to_string()]);
    let sent = client.post(&url).idempotency_key(key).json(&order).send().await;
    let receipt = sent.ok()?.error_for_status().ok()?.receipt()?.clone();
    Some((order, receipt))
}
