//! `deploy/`, for real: the image is built, and all that the Compose file says runs in a Docker.
//!
//! That of this machine, if it has one that can fetch the public images. Else one of our own, with its own network, its
//! own images and nothing of it outside `target/deploy`; there stand-ins of the same names serve (`deploy/stand-ins`).

mod docker;
mod images;
mod site;
mod stand_ins;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) use self::docker::Docker;
pub(crate) use self::site::Site;
use crate::{say, workspace};

/// The files of which all this is about.
fn sources() -> PathBuf {
    workspace::root().join("deploy")
}

/// What is made for it, and stays for the next time.
fn directory() -> PathBuf {
    workspace::root().join("target/deploy")
}

/// A Docker that has all images of the Compose file; wattmap's is made of the given binary.
pub(crate) fn docker_with_images(wattmap: &Path) -> Result<Docker> {
    docker::ensure_programs()?;
    let docker = match Docker::of_this_machine() {
        Some(docker) if images::pull(&docker).is_ok() => docker,
        Some(_) => {
            say::detail("this machine's Docker can't fetch the public images: one of our own has stand-ins");
            docker_with_stand_ins()?
        }
        None => docker_with_stand_ins()?,
    };
    images::build(&docker, wattmap)?;
    Ok(docker)
}

fn docker_with_stand_ins() -> Result<Docker> {
    let docker = Docker::start()?;
    stand_ins::build(&docker)?;
    Ok(docker)
}
