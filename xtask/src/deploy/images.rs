//! The images that the Compose file names.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Docker, directory, sources};
use crate::{command, say};

/// Those that others make, as the Compose file calls them without their versions.
pub(super) const KAFKA: &str = "apache/kafka";
pub(super) const CASSANDRA: &str = "cassandra";
pub(super) const HAPROXY: &str = "haproxy";
const WATTMAP: &str = "wattmap";

/// Whom a client has to trust, on Debian.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An image with its version, as the Compose file says.
pub(super) fn pinned(name: &str) -> Result<String> {
    let path = sources().join("compose.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let mut images = text.lines().filter_map(|line| line.trim().strip_prefix("image: "));
    let is_it = |image: &&str| image.split_once(':').is_some_and(|(own, _)| own == name);
    Ok(images.find(is_it).with_context(|| format!("the Compose file names no image {name}"))?.to_owned())
}

/// The Debian that wattmap's image begins with, as the Containerfile says.
pub(super) fn base() -> Result<String> {
    let path = sources().join("Containerfile");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let first = text.lines().find_map(|line| line.strip_prefix("FROM debian:"));
    let tag = first.and_then(|rest| rest.split(' ').next());
    Ok(format!("debian:{}", tag.context("the Containerfile begins with no Debian")?))
}

/// The public ones, from where the public has them.
pub(super) fn pull(docker: &Docker) -> Result<()> {
    say::step("The public images", || {
        for image in [pinned(KAFKA)?, pinned(CASSANDRA)?, pinned(HAPROXY)?, base()?] {
            command::output(docker.docker().args(["pull", "--quiet", &image]), "is there a network?")?;
            say::detail(image);
        }
        Ok(())
    })
}

/// That of wattmap, from a binary that is there.
pub(super) fn build(docker: &Docker, wattmap: &Path) -> Result<()> {
    let image = pinned(WATTMAP)?;
    say::step(&format!("The image {image}"), || {
        let context = directory().join("contexts/wattmap");
        fs::create_dir_all(&context).with_context(|| format!("{} can't be made", context.display()))?;
        fs::copy(AUTHORITIES, context.join("ca-certificates.crt"))
            .with_context(|| format!("{AUTHORITIES} can't be copied"))?;
        // As the Containerfile does where it builds.
        let mut strip = command::program("strip", &context);
        command::output(
            strip.args(["--strip-debug", "-o", "wattmap"]).arg(wattmap),
            "it comes with a C compiler",
        )?;
        let containerfile = sources().join("Containerfile");
        let mut build = docker.docker();
        build.args(["build", "--quiet", "--target", "ready", "--tag", &image, "--file"]).arg(containerfile);
        command::output(build.arg(context), "see what it says above")?;
        say::detail(size(docker, &image)?);
        Ok(())
    })
}

/// How large one is.
pub(super) fn size(docker: &Docker, image: &str) -> Result<String> {
    let format = ["image", "inspect", "--format", "{{.Size}}", image];
    let bytes = command::output(docker.docker().args(format), "the image was just made")?;
    let bytes: u64 = bytes.trim().parse().context("Docker tells a size in bytes")?;
    Ok(format!("{image}: {} MB", bytes / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tests have run on is what is deployed.
    #[test]
    fn the_compose_file_and_the_pom_say_the_same_versions() {
        let pom = fs::read_to_string(sources().join("engines/pom.xml")).unwrap();
        for (name, property) in [(KAFKA, "kafka.version"), (CASSANDRA, "cassandra.version")] {
            let image = pinned(name).unwrap();
            let (_, version) = image.rsplit_once(':').unwrap();
            assert!(pom.contains(&format!("<{property}>{version}</{property}>")), "{name}:{version}");
        }
        assert_eq!(pinned(WATTMAP).unwrap(), format!("{WATTMAP}:{}", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn the_containerfile_begins_with_a_debian_of_a_day() {
        assert!(base().unwrap().starts_with("debian:bookworm-2"), "{:?}", base());
    }
}
