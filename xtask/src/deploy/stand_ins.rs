//! Images that stand in for the public ones where those can't be fetched: `deploy/stand-ins` says what they are.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::images::{self, CASSANDRA, HAPROXY, KAFKA};
use super::{Docker, directory, sources};
use crate::tools::{self, Needed};
use crate::{command, engines, say, workspace};

const DEBOOTSTRAP: [Needed; 1] = [Needed { program: "debootstrap", package: "debootstrap" }];
const RELEASE: &str = "bookworm";
/// A Debian with what the three stand-ins run on.
const COMMON: &str = "wattmap-stand-ins:bookworm";
/// What no image needs of a Debian.
const LEFT_OUT: [&str; 5] =
    ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"];

/// All of them, and the Debian that wattmap's image begins with.
pub(super) fn build(docker: &Docker) -> Result<()> {
    tools::ensure_programs(&DEBOOTSTRAP)?;
    debian(docker, &images::base()?, &["ca-certificates"])?;
    debian(docker, COMMON, &["ca-certificates", "haproxy", "openjdk-17-jre-headless"])?;
    let jars = engines::ensure_jars()?;
    stand_in(docker, KAFKA, Some(&jars.kafka), None)?;
    let options = engines::java_options_of_cassandra().join("\n");
    stand_in(docker, CASSANDRA, Some(&jars.cassandra), Some(("java.options", &options)))?;
    stand_in(docker, HAPROXY, None, None)
}

/// A Debian as an image of that name, unless there is one.
fn debian(docker: &Docker, image: &str, packages: &[&str]) -> Result<()> {
    say::step(&format!("{image}, by debootstrap"), || {
        if docker.has(image) {
            say::detail("already there");
            return Ok(());
        }
        let root = fresh("debian")?;
        let mut debootstrap = command::program("debootstrap", workspace::root());
        debootstrap.arg("--variant=minbase").arg(format!("--include={}", packages.join(",")));
        debootstrap.arg(RELEASE).arg(&root);
        command::output(&mut debootstrap, "it needs root and a network")?;
        for directory in LEFT_OUT {
            fs::remove_dir_all(root.join(directory))?;
        }
        import(docker, &root, image)?;
        fs::remove_dir_all(&root)?;
        say::detail(images::size(docker, image)?);
        Ok(())
    })
}

/// Makes an image of a directory.
fn import(docker: &Docker, root: &Path, image: &str) -> Result<()> {
    let mut tar = command::program("tar", root);
    let mut tar = tar.args(["-c", "."]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let stream = tar.stdout.take().context("tar's stdout was asked for as a pipe")?;
    let imported =
        docker.docker().args(["import", "-", image]).stdin(stream).stdout(Stdio::null()).status()?;
    ensure!(tar.wait()?.success() && imported.success(), "{image} can't be imported; see above");
    Ok(())
}

/// The stand-in for one image: with its jars, and with a file that is made here.
fn stand_in(docker: &Docker, name: &str, jars: Option<&Path>, file: Option<(&str, &str)>) -> Result<()> {
    let image = images::pinned(name)?;
    say::step(&format!("A stand-in for {image}"), || {
        let short = name.rsplit('/').next().unwrap_or(name);
        let context = fresh(&format!("contexts/{short}"))?;
        copy(&sources().join("stand-ins").join(short), &context)?;
        if let Some(jars) = jars {
            copy(jars, &context.join("jars"))?;
        }
        if let Some((name, content)) = file {
            fs::write(context.join(name), content)?;
        }
        let mut build = docker.docker();
        build.args(["build", "--quiet", "--build-arg", &format!("BASE={COMMON}"), "--tag", &image, "--file"]);
        build.arg(context.join("Containerfile")).arg(&context);
        command::output(&mut build, "see what it says above")?;
        say::detail(images::size(docker, &image)?);
        Ok(())
    })
}

/// The files of a directory that has no directories.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} can't be made", to.display()))?;
    for file in fs::read_dir(from).with_context(|| format!("{} can't be read", from.display()))? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))
            .with_context(|| format!("{} can't be copied", file.path().display()))?;
    }
    Ok(())
}

/// An empty directory.
fn fresh(name: &str) -> Result<std::path::PathBuf> {
    let path = directory().join(name);
    if path.exists() {
        fs::remove_dir_all(&path).with_context(|| format!("{} can't be removed", path.display()))?;
    }
    fs::create_dir_all(&path).with_context(|| format!("{} can't be made", path.display()))?;
    Ok(path)
}
