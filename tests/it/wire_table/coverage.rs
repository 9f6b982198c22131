//! Which rows are shown, and why the others are not: a row that is missing in silence would be a hole.

use std::collections::BTreeSet;

use super::{connections, environment, http1, http2, raw};

/// The rows that cannot be brought about in this test.
const NOT_HERE: [(u8, &str); 6] = [
    (
        5,
        "descriptors or ports that run out run out for all tests of this process",
    ),
    (
        13,
        "needs a TLS 1.2 server that demands a client certificate; the kit's asks for none",
    ),
    (14, "the same with TLS 1.3"),
    (
        16,
        "a race inside hyper between taking a connection from the pool and its end; the soak meets it at random",
    ),
    (
        45,
        "an unanswered ping is noticed after 20 s and 10 s, which are no settings",
    ),
    (
        48,
        "a partition needs a network namespace of its own, and the privilege to make one",
    ),
];

#[test]
fn every_row_of_the_table_is_shown_or_named_with_a_reason() {
    let proxied = http1::rows().into_iter().chain(http2::rows()).map(|row| row.number);
    let own = [&raw::ROWS[..], &connections::ROWS, &environment::ROWS].concat();
    let shown: BTreeSet<u8> = proxied.chain(own).collect();
    let named: BTreeSet<u8> = NOT_HERE.iter().map(|(row, _)| *row).collect();
    assert!(shown.is_disjoint(&named), "{:?}", shown.intersection(&named));
    assert_eq!(
        shown.union(&named).copied().collect::<Vec<_>>(),
        (1..=52).collect::<Vec<_>>()
    );
    assert!(NOT_HERE.iter().all(|(_, reason)| !reason.is_empty()));
}
