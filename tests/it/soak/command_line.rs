//! The soak's command line says what is wrong with it.

use super::flags::{Flags, USAGE};

fn parse(line: &str) -> Result<Option<Flags>, String> {
    Flags::parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn flags_may_come_in_both_forms_and_have_defaults() {
    let flags = Flags {
        seed: 7,
        operations: 100,
        concurrency: 64,
    };
    assert_eq!(parse("--seed 7 --operations=100"), Ok(Some(flags)));
    assert_eq!(parse("").unwrap().unwrap().operations, 20_000);
    assert_eq!(parse("--seed 7 --help"), Ok(None));
}

#[test]
fn a_bad_flag_is_named_with_what_it_needs() {
    for (line, message) in [
        ("--seeds 7", "--seeds is not a flag"),
        ("--seed", "--seed needs a number after it"),
        (
            "--seed x",
            "--seed needs a whole number, not \"x\": invalid digit found in string",
        ),
        ("--operations 0", "--operations must be 1 to 100000000, not 0"),
        ("--concurrency=1001", "--concurrency must be 1 to 1000, not 1001"),
    ] {
        assert_eq!(parse(line), Err(message.to_owned()), "{line}");
    }
    assert!(
        ["--seed", "--operations", "--concurrency"]
            .iter()
            .all(|flag| USAGE.contains(flag))
    );
}
