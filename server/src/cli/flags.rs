//! A flag for every setting, out of the table of settings.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::config::SETTINGS;

/// The settings that were given as flags, as text: what they mean is the configuration's affair, so
/// that a wrong value gets the same sentence wherever it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct SettingFlags(pub(super) BTreeMap<&'static str, String>);

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = SettingFlags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS {
            if let Some(text) = matches.get_one::<String>(setting.name) {
                self.0.insert(setting.name, text.clone());
            }
        }
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| {
            let help = if setting.default.is_empty() {
                format!("{} [{}]", setting.help, setting.variable())
            } else {
                format!("{} [{}; default {}]", setting.help, setting.variable(), setting.default)
            };
            command.arg(
                Arg::new(setting.name)
                    .long(setting.name)
                    .value_name(setting.value)
                    .help(help)
                    .help_heading("Settings")
                    .allow_hyphen_values(true)
                    .overrides_with(setting.name)
                    .global(true),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
