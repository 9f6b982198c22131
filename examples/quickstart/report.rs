#![expect(clippy::print_stdout, reason = "the output is what this example is for")]

use std::process::ExitCode;

use steadfast::Receipt;

use crate::ledger::Tally;
use crate::order::Order;
use crate::scenario::Scenario;
use crate::{ATTEMPT_TIMEOUT, WAITS};

pub(crate) fn introduction(orders: &[Order]) {
    let waits: Vec<String> = WAITS.iter().map(|wait| wait.as_millis().to_string()).collect();
    println!(
        "\
{count} orders, each to be charged once. The payment server honours Idempotency-Key and
misbehaves by a fixed plan. Two clients, with five attempts, the same waits and the same timeout:

  plain       reqwest in a loop that tries again after any failure and any 5xx; it sends no key
  steadfast   one key per order, the same on every attempt

Shortened for this demonstration: waits of {waits} ms, plus steadfast's jitter (default
1, 2, 4, 8 s), and {timeout} ms for an attempt (default 30 s). Circuit breaker and retry budget, made
for outages, are off: here most requests fail by plan. Against a real service, keep the defaults.

What the server does to a request:

  201     charges and answers
  503     answers \"try later\" without having charged
  lost    charges, then closes the connection instead of answering
  stall   charges, then stays silent for longer than an attempt may take
",
        count = orders.len(),
        waits = waits.join(", "),
        timeout = ATTEMPT_TIMEOUT.as_millis(),
    );
}

/// What the server did, and what it charged for that.
pub(crate) fn scenarios(naive: &Tally, steadfast: &Tally) {
    heading("The plan", ["plain", "steadfast"]);
    let each = naive.orders / Scenario::ALL.len();
    let charges = naive.charges_by_scenario.iter().zip(steadfast.charges_by_scenario);
    for (scenario, (naive, steadfast)) in Scenario::ALL.iter().zip(charges) {
        row(
            &format!("{each} orders meet {scenario}"),
            [format!("{naive} charges"), format!("{steadfast} charges")],
        );
    }
    println!();
}

pub(crate) fn ledgers(naive: &Tally, steadfast: &Tally) {
    let both = |of: fn(&Tally) -> String| [of(naive), of(steadfast)];
    heading("The ledgers", ["plain", "steadfast"]);
    row("orders", both(|tally| tally.orders.to_string()));
    row("orders answered", both(|tally| tally.answered.to_string()));
    row(
        "requests that reached the server",
        both(|tally| tally.requests.to_string()),
    );
    row("charges made", both(|tally| tally.charges.to_string()));
    row(
        "orders charged twice or more",
        both(|tally| tally.charged_again.to_string()),
    );
    row(
        "orders never charged (lost)",
        both(|tally| tally.not_charged.to_string()),
    );
    row("money owed", both(|tally| dollars(tally.owed)));
    row("money taken", both(|tally| dollars(tally.taken)));
    row(
        "taken too much",
        both(|tally| dollars(tally.taken.saturating_sub(tally.owed))),
    );
    println!();
}

/// The story of the operation that had it hardest.
pub(crate) fn receipt(receipts: &[(Order, Receipt)]) {
    let hardest = receipts
        .iter()
        .rev()
        .max_by_key(|(_, receipt)| receipt.attempts().len());
    if let Some((order, receipt)) = hardest {
        println!(
            "The receipt of order {}, as `println!(\"{{receipt}}\")` shows it:\n",
            order.id
        );
        println!("{receipt}\n");
    }
}

pub(crate) fn restart(again: &[(Order, Receipt)], after: &Tally) {
    let replayed = again.iter().filter(|(_, receipt)| receipt.replayed()).count();
    println!(
        "\
Then all {orders} orders once more through steadfast, as a process would that crashed and restarted: the
keys are derived from the orders, so {replayed} answers are replayed and the money taken is still {taken}.
",
        orders = after.orders,
        taken = dollars(after.taken),
    );
}

/// The demonstration fails if steadfast charged any order other than once, or if there was nothing to go wrong.
pub(crate) fn verdict(naive: &Tally, steadfast: &[Tally]) -> ExitCode {
    if !steadfast.iter().all(Tally::is_exact) {
        println!("FAILED: with steadfast, an order was charged more than once, or not at all.");
        return ExitCode::FAILURE;
    }
    if naive.charged_again == 0 {
        println!("FAILED: the plain loop charged nothing twice, so this proved nothing.");
        return ExitCode::FAILURE;
    }
    println!("Passed: with steadfast, every order was charged exactly once.");
    ExitCode::SUCCESS
}

fn heading(title: &str, columns: [&str; 2]) {
    row(title, columns.map(str::to_owned));
    println!("{}", "-".repeat(TITLE + 2 * COLUMN));
}

fn row(title: &str, [left, right]: [String; 2]) {
    println!("{title:<TITLE$}{left:>COLUMN$}{right:>COLUMN$}");
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

const TITLE: usize = 48;
const COLUMN: usize = 16;
