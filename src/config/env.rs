use std::ffi::OsStr;

use super::Settings;
use super::scalar::Scalar;
use super::table::{Entry, Table};
use super::variables::Variables;
use crate::error::ConfigError;

impl Settings {
    /// Reads the variables under a prefix: `APP_RETRY__MAX_ATTEMPTS=4` is `retry.max_attempts` under the prefix `APP`.
    ///
    /// Names are the fields' paths in upper case, with two underscores for each point; lists have commas. Other variables
    /// are none of its business, but every one under the prefix must be a setting: choose a prefix that nothing else has.
    /// Give it [`std::env::vars_os`], or any other pairs.
    ///
    /// # Errors
    ///
    /// Names the first variable that is no setting, or whose value is none; or the prefix, if it is empty or ends with an
    /// underscore, which no variable would have. Ranges are checked by [`builder`](Self::builder), which names the variable
    /// as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast::config::Settings;
    ///
    /// let settings = Settings::from_env("APP", std::env::vars_os())?;
    /// assert_eq!(settings.variables().count(), 0); // nothing is set
    ///
    /// let error = Settings::from_env("APP", [("APP_RETRY__MAX_ATEMPTS", "4")]).unwrap_err();
    /// assert_eq!(error.field(), "APP_RETRY__MAX_ATEMPTS");
    /// # Ok::<(), steadfast::ConfigError>(())
    /// ```
    pub fn from_env<K, V>(prefix: &str, variables: impl IntoIterator<Item = (K, V)>) -> Result<Self, ConfigError>
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        check_prefix(prefix)?;
        let mut settings = Self::default();
        let mut noted = Variables::default();
        for (name, value) in variables {
            // A name that is not Unicode is nobody's setting.
            let Some(name) = name.as_ref().to_str() else { continue };
            let Some(path) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
                continue;
            };
            let value = Scalar::Variable(value.as_ref().to_string_lossy().into_owned());
            let variable = Variable {
                name,
                path: path.replace("__", ".").to_lowercase(),
            };
            set(&mut settings, path, &variable, &value)?;
            noted.note(&mut settings, variable.path, name);
        }
        settings.variables = noted;
        Ok(settings)
    }
}

/// With a prefix of `APP_` every variable would need two underscores after `APP`.
fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    let accepted = "a name that does not end with an underscore";
    let is_name = || !prefix.is_empty() && !prefix.ends_with('_');
    ConfigError::require(is_name, "prefix", accepted, Scalar::Text(prefix.to_owned()))
}

/// `APP_RETRY__MAX_ATTEMPTS`, and what it sets: `retry.max_attempts`.
struct Variable<'a> {
    name: &'a str,
    path: String,
}

/// Sets what the path leads to from this table.
fn set(table: &mut dyn Table, path: &str, variable: &Variable<'_>, value: &Scalar) -> Result<(), ConfigError> {
    let mut entries = table.entries();
    let (head, rest) = match path.split_once("__") {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    };
    let found = entries.iter().position(|entry| entry.name().to_uppercase() == head);
    match (found.map(|index| entries.swap_remove(index)), rest) {
        (Some(Entry::Table(_, inner)), Some(rest)) => set(inner, rest, variable, value),
        (Some(Entry::Leaf(leaf)), None) => {
            if leaf.slot.set(value) {
                return Ok(());
            }
            Err(leaf.refusal(variable.path.clone(), value).set_by(variable.name))
        }
        _ => Err(ConfigError::unknown(
            variable.name.to_owned(),
            variables_of(table, path, variable.name),
        )),
    }
}

/// The variables that would have been right in the place of a wrong one.
fn variables_of(table: &mut dyn Table, path: &str, variable: &str) -> String {
    let above = variable.strip_suffix(path).unwrap_or_default();
    let entries = table.entries();
    let names: Vec<_> = entries
        .iter()
        .map(|entry| {
            let name = entry.name().to_uppercase();
            match entry {
                Entry::Leaf(_) => format!("`{above}{name}`"),
                Entry::Table(..) => format!("`{above}{name}__…`"),
            }
        })
        .collect();
    names.join(", ")
}
