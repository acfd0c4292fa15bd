//! Lock files name packages and checksums. A registry's address in one would tie every build to the mirror that
//! happened to be configured where it was written.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{say, workspace};

const CARGO_LOCK: &str = "Cargo.lock";
const NPM_LOCKS: [&str; 3] =
    ["xtask/site/package-lock.json", "end2end/package-lock.json", "end2end/lighthouse/package-lock.json"];
/// What cargo writes for packages of its default registry, whichever mirror served them.
const DEFAULT_REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

pub(super) fn check() -> Result<()> {
    let mut found = Vec::new();
    inspect(CARGO_LOCK, hosts_in_cargo_lock, &mut found)?;
    for path in NPM_LOCKS {
        inspect(path, hosts_in_npm_lock, &mut found)?;
    }
    if found.is_empty() {
        say::detail(format!("{} lock files name no host", 1 + NPM_LOCKS.len()));
        return Ok(());
    }
    found.iter().for_each(say::detail);
    bail!(
        "lock files name hosts; make them again with the repository's own settings, and use packages of the default registries only"
    )
}

fn inspect(path: &str, hosts: fn(&str) -> Vec<String>, found: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(workspace::root().join(path))
        .with_context(|| format!("{path} cannot be read; it belongs into the repository"))?;
    found.extend(hosts(&text).into_iter().map(|line| format!("{path}: {line}")));
    Ok(())
}

fn hosts_in_cargo_lock(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with("source = ") && *line != DEFAULT_REGISTRY)
        .map(str::to_owned)
        .collect()
}

fn hosts_in_npm_lock(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.contains("://") || line.starts_with("\"resolved\""))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_packages_come_from_the_default_registry() {
        assert!(hosts_in_cargo_lock(&format!("name = \"a\"\n{DEFAULT_REGISTRY}\n")).is_empty());
        for source in
            ["registry+https://mirror.example/index", "sparse+https://mirror.example/", "git+https://host/a"]
        {
            assert_eq!(hosts_in_cargo_lock(&format!("source = \"{source}\"\n")).len(), 1, "{source}");
        }
    }

    #[test]
    fn npm_packages_name_no_host() {
        assert!(hosts_in_npm_lock("  \"version\": \"1.9.4\",\n  \"integrity\": \"sha512-x\"\n").is_empty());
        assert_eq!(hosts_in_npm_lock("  \"resolved\": \"https://mirror.example/leaflet.tgz\",\n").len(), 1);
    }
}
