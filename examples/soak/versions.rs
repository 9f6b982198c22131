//! What was soaked.

/// Names the crates whose behaviour decides, with their versions.
pub(crate) fn versions() -> String {
    let of = |name: &str| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let version = LOCK.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
        format!("{name} {}", version.unwrap_or("unknown"))
    };
    ["steadfast", "reqwest", "hyper", "hyper-util", "h2", "rustls", "tokio"]
        .map(of)
        .join(", ")
}

const LOCK: &str = include_str!("../../Cargo.lock");
