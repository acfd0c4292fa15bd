//! The jars of both engines, copied by Maven as `deploy/engines/pom.xml` names them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::directory;
use crate::tools::{self, Needed};
use crate::{command, say, workspace};

const JAVA: [Needed; 2] = [
    Needed { program: "java", package: "openjdk-17-jdk-headless" },
    Needed { program: "mvn", package: "maven" },
];

/// Where they are.
pub(crate) struct Libraries {
    pub(crate) kafka: PathBuf,
    pub(crate) cassandra: PathBuf,
}

/// Fetches what is not there yet.
pub(crate) fn ensure() -> Result<Libraries> {
    tools::ensure_programs(&JAVA)?;
    let pom = workspace::root().join("deploy/engines/pom.xml");
    let content = fs::read(&pom).with_context(|| format!("{} can't be read", pom.display()))?;
    let digest = format!("{:x}", Sha256::digest(&content));
    Ok(Libraries {
        kafka: ensure_profile(&pom, "kafka", &digest)?,
        cassandra: ensure_profile(&pom, "cassandra", &digest)?,
    })
}

/// One engine's jars. They are there whole when the stamp says so.
fn ensure_profile(pom: &Path, profile: &str, digest: &str) -> Result<PathBuf> {
    let jars = directory().join("lib").join(profile);
    let stamp = jars.with_extension("copied-from");
    say::step(&format!("Jars of {profile}"), || {
        if fs::read_to_string(&stamp).is_ok_and(|copied| copied == digest) {
            say::detail("already there as the pom says");
            return Ok(());
        }
        if jars.exists() {
            fs::remove_dir_all(&jars)?;
        }
        fs::create_dir_all(&jars).with_context(|| format!("{} can't be made", jars.display()))?;
        copy(pom, profile, &jars)?;
        fs::write(&stamp, digest).with_context(|| format!("{} can't be written", stamp.display()))
    })?;
    Ok(jars)
}

fn copy(pom: &Path, profile: &str, jars: &Path) -> Result<()> {
    let mut maven = command::program("mvn", workspace::root());
    maven
        .args(["--quiet", "--batch-mode", "-Dstyle.color=never", "--file"])
        .arg(pom)
        .args(["--activate-profiles", profile]);
    maven.arg("dependency:copy-dependencies").arg("-DincludeScope=runtime");
    maven.arg(format!("-DoutputDirectory={}", jars.display()));
    let mut running = maven.stdin(Stdio::null()).spawn().context("mvn could not be started")?;
    let mut said = 0;
    let status = loop {
        if let Some(status) = running.try_wait()? {
            break status;
        }
        sleep(Duration::from_millis(500));
        let count = count(jars)?;
        if count >= said + 20 {
            said = count;
            say::detail(format!("{count} jars"));
        }
    };
    if !status.success() {
        bail!("`{}` failed ({status}): check the network, then run this again", command::line(&maven));
    }
    say::detail(format!("{} jars", count(jars)?));
    Ok(())
}

fn count(jars: &Path) -> Result<usize> {
    Ok(fs::read_dir(jars)?.count())
}
