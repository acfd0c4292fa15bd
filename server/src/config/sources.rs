//! Where values come from: a flag beats an environment variable beats `wattmap.toml` beats the default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::settings::{SETTINGS, Setting, named};

/// Which file is read if none is named: where it is, if it is.
pub const FILE: &str = "wattmap.toml";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// A file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

/// One setting's text, not yet understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// What was written; empty for none.
    pub text: String,
    /// Where.
    pub origin: Origin,
}

/// Why there is no configuration. Each is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that is not allowed.
    #[error("the setting {name} is {value:?} ({origin}); allowed is {allowed}")]
    Value {
        /// Which.
        name: &'static str,
        /// What was written.
        value: String,
        /// Where, in words.
        origin: String,
        /// What would be.
        allowed: &'static str,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Together(String),
    /// A file that can't be read.
    #[error("the configuration file {} can't be read: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file that is not TOML.
    #[error("the configuration file {} is not TOML: {message}", path.display())]
    NotToml {
        /// Which.
        path: PathBuf,
        /// Where and what, in one line.
        message: String,
    },
    /// A key that is no setting.
    #[error("the configuration file {} names {key:?}, which is no setting{hint}", path.display())]
    UnknownKey {
        /// Which file.
        path: PathBuf,
        /// What it names.
        key: String,
        /// What may have been meant.
        hint: String,
    },
}

/// Every setting's text, and where it came from.
#[derive(Debug, Clone)]
pub struct Sources {
    values: BTreeMap<&'static str, Raw>,
    /// Variables that begin with `WATTMAP_` and name no setting.
    pub unknown_variables: Vec<String>,
}

impl Sources {
    /// Gathers: `flags` by setting's name, the environment, and the file, which has to be there only
    /// if it was named.
    pub fn gather(
        flags: &BTreeMap<&'static str, String>,
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut values: BTreeMap<&'static str, Raw> = SETTINGS
            .iter()
            .map(|setting| (setting.name, Raw { text: setting.default.to_owned(), origin: Origin::Default }))
            .collect();
        for (name, text) in read_file(file)? {
            let path = file.unwrap_or(Path::new(FILE)).to_owned();
            values.insert(name, Raw { text, origin: Origin::File(path) });
        }
        let mut unknown_variables = Vec::new();
        for (variable, text) in environment.into_iter().filter(|(name, _)| name.starts_with("WATTMAP_")) {
            match SETTINGS.iter().find(|setting| setting.variable() == variable) {
                // An empty variable is how many tools write "not set".
                Some(_) if text.is_empty() => {}
                Some(setting) => {
                    values.insert(setting.name, Raw { text, origin: Origin::Environment });
                }
                None if variable == "WATTMAP_CONFIG"
                    || variable == "WATTMAP_KEY"
                    || variable.starts_with("WATTMAP_TEST_") => {}
                None => unknown_variables.push(variable),
            }
        }
        for (&name, text) in flags {
            values.insert(name, Raw { text: text.clone(), origin: Origin::Flag });
        }
        Ok(Sources { values, unknown_variables })
    }

    /// A setting's text and origin.
    ///
    /// # Panics
    /// If there is no such setting: names are written in this program, and a test asks for all of them.
    pub fn raw(&self, name: &str) -> (&'static Setting, &Raw) {
        let setting = named(name).unwrap_or_else(|| panic!("there is no setting {name:?}"));
        (setting, &self.values[setting.name])
    }

    /// A setting's value, if `understand` can make one of its text.
    pub fn get<T>(&self, name: &str, understand: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        let (setting, raw) = self.raw(name);
        understand(raw.text.trim()).ok_or_else(|| ConfigError::Value {
            name: setting.name,
            value: if setting.secret { "hidden".to_owned() } else { raw.text.clone() },
            origin: raw.origin.describe(setting),
            allowed: setting.allowed,
        })
    }

    /// A whole number between two bounds.
    pub fn whole(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, ConfigError> {
        self.get(name, |text| text.parse().ok().filter(|number| range.contains(number)))
    }

    /// A text, or none if it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = self.raw(name).1.text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Origin {
    /// In words.
    pub fn describe(&self, setting: &Setting) -> String {
        match self {
            Origin::Flag => format!("from --{}", setting.name),
            Origin::Environment => format!("from {}", setting.variable()),
            Origin::File(path) => format!("from {} in {}", setting.key(), path.display()),
            Origin::Default => "by default".to_owned(),
        }
    }
}

/// As `wattmap config` prints it: `listen = "127.0.0.1:3000"  # by default`.
impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for setting in SETTINGS {
            let raw = &self.values[setting.name];
            let value = if setting.secret && !raw.text.is_empty() { "(hidden)" } else { &raw.text };
            let line = format!("{} = {value:?}", setting.key());
            writeln!(f, "{line:<42} # {}", raw.origin.describe(setting))?;
        }
        Ok(())
    }
}

fn read_file(named_file: Option<&Path>) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let path = named_file.unwrap_or(Path::new(FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named_file.is_none() => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(ConfigError::Unreadable { path: path.to_owned(), error }),
    };
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let line = before.matches('\n').count() + 1;
        ConfigError::NotToml {
            path: path.to_owned(),
            message: format!("line {line}: {}", error.message().replace('\n', " ")),
        }
    })?;
    let mut named = BTreeMap::new();
    table
        .into_iter()
        .map(|(key, value)| {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.key() == key || setting.name == key)
            else {
                let hint = nearest(&key).map_or(String::new(), |near| format!("; is {near} meant?"));
                return Err(ConfigError::UnknownKey { path: path.to_owned(), key, hint });
            };
            if let Some(other) = named.insert(setting.name, key.clone()) {
                let path = path.display();
                return Err(ConfigError::Together(format!(
                    "the configuration file {path} names {other} and {key}, which are the same setting"
                )));
            }
            Ok((setting.name, plain(&value)))
        })
        .collect()
}

/// A TOML value as a flag would say it. What no flag could say stays in TOML and is refused by name later.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The key that shares its beginning or its letters with a mistaken one.
fn nearest(key: &str) -> Option<String> {
    let key = key.replace('-', "_").to_ascii_lowercase();
    let shared = |other: &str| key.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    SETTINGS.iter().map(Setting::key).max_by_key(|other| shared(other)).filter(|other| shared(other) >= 3)
}
