use steadfast::reqwest::{Client, Error, Response};
use tokio::task::JoinSet;

use crate::order::Order;
use crate::{ATTEMPT_TIMEOUT, WAITS};

/// Charges all orders at once; says how many were answered.
pub(crate) async fn charge_all(url: &str, orders: &[Order]) -> Result<usize, Error> {
    let client = Client::builder().timeout(ATTEMPT_TIMEOUT).build()?;
    let mut charges = JoinSet::new();
    for order in orders {
        charges.spawn(charge(client.clone(), url.to_owned(), order.clone()));
    }
    Ok(charges.join_all().await.into_iter().flatten().count())
}

/// The loop that many programs have: it tries again after any failure and any 5xx.
async fn charge(client: Client, url: String, order: Order) -> Option<Response> {
    let mut waits = WAITS.into_iter();
    loop {
        match client.post(&url).json(&order).send().await {
            Ok(response) if !response.status().is_server_error() => return response.error_for_status().ok(),
            _ => sleep(waits.next()?).await,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the plain loop has no clock to ask")]
async fn sleep(duration: std::time::Duration) {
    tokio::time::sleep(duration).await;
}
