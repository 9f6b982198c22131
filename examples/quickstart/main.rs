//! The same 40 payments, through a payment server that misbehaves: once with a plain retry loop, once with steadfast.
//!
//! Run it with `cargo run --example quickstart`. It needs no network beyond 127.0.0.1, and exits with a failure if
//! steadfast charges any order twice or not at all, or if the plain loop charges none twice: then it proves nothing.

mod keyed;
mod keys;
mod ledger;
mod naive;
mod order;
mod report;
mod scenario;
mod server;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use ledger::Tally;
use order::Order;
use server::Server;

/// The waits between attempts, on both sides; a real service wants the defaults: 1, 2, 4 and 8 s.
const WAITS: [Duration; 4] = [
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];

/// How long one attempt may take, on both sides; the default is 30 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let orders: Vec<Order> = (1..=40).map(Order::number).collect();

    let server = Server::start().await?;
    let answered = naive::charge_all(&server.url(), &orders).await?;
    let naive = Tally::new(&orders, &server, answered);

    let server = Server::start().await?;
    let receipts = keyed::charge_all(&server.url(), &orders).await?;
    let steadfast = Tally::new(&orders, &server, receipts.len());

    // As after a crash: another client, which knows nothing but the orders, does all of it again.
    let again = keyed::charge_all(&server.url(), &orders).await?;
    let restarted = Tally::new(&orders, &server, again.len());

    report::introduction(&orders);
    report::scenarios(&naive, &steadfast);
    report::ledgers(&naive, &steadfast);
    report::receipt(&receipts);
    report::restart(&again, &restarted);
    Ok(report::verdict(&naive, &[steadfast, restarted]))
}
