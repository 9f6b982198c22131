//! Settings from files and the environment: every field, every format, every refusal, and what a client makes of them.

mod durations;
mod effective;
mod environment;
mod every_field;
mod example_file;
mod formats;
mod on_the_wire;
mod properties;
mod rows;
mod secrets;

use steadfast::config::Settings;

/// Reads TOML.
fn toml(text: &str) -> Settings {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// What is said to TOML that is refused, when read or when built.
fn refused(text: &str) -> String {
    match toml::from_str::<Settings>(text) {
        Err(error) => error.message().to_owned(),
        Ok(settings) => settings.builder().expect_err(text).to_string(),
    }
}

/// The value at a path, as JSON.
fn at(settings: &impl serde::Serialize, path: &str) -> Option<serde_json::Value> {
    let json = serde_json::to_value(settings).unwrap();
    json.pointer(&format!("/{}", path.replace('.', "/"))).cloned()
}
