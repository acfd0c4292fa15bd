//! Runs what `deploy/` says: the image, the Compose file, and a test that sends through its front door and kills containers.

use anyhow::Result;

use super::cargo::{self, Targets};
use super::outcome::Outcome;
use crate::deploy::{self, Docker, Site};
use crate::{binary, say};

/// In `server/tests/chaos`; the other faults run there as processes.
const MODULE: &str = "chaos::deployed";
const TESTS: Targets = Targets::Named("whole");

pub(super) fn run(outcome: &mut Outcome) -> Result<()> {
    let wattmap = binary::release()?;
    let docker = deploy::docker_with_images(&wattmap)?;
    // Where the ports are there may be no network.
    cargo::build_tests(TESTS)?;
    let site = Site::of(&docker);
    let ran = site.up().and_then(|()| judge(&docker, &site, outcome));
    site.remove()?;
    ran
}

fn judge(docker: &Docker, site: &Site<'_>, outcome: &mut Outcome) -> Result<()> {
    outcome.count("all containers become healthy", true);
    let told = site.for_tests();
    let variables: Vec<_> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let tests = cargo::ignored_tests(MODULE, TESTS, &variables);
    cargo::run(&mut docker.beside_its_ports(&tests), outcome)?;
    let stopped = site.stop();
    if let Err(error) = &stopped {
        say::error(error);
    }
    outcome.count("all roles end by themselves when they are told to", stopped.is_ok());
    Ok(())
}
