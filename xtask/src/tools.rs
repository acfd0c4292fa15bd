//! Installs what is missing, out loud, and says what was there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{command, say, workspace};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Holds the digest of the lock file that `node_modules` was installed from.
const NPM_STAMP: &str = "node_modules/.installed-from";

/// A program that a task needs, and the Debian package that brings it.
pub(crate) struct Needed {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Node and npm: they run wasm-opt, esbuild and the browser tests.
pub(crate) const NODE: [Needed; 2] =
    [Needed { program: "node", package: "nodejs" }, Needed { program: "npm", package: "npm" }];
/// Python, whose packages are installed where nobody else sees them.
const PYTHON: [Needed; 1] = [Needed { program: "python3", package: "python3-venv" }];
/// The browser of the browser tests and benches.
pub(crate) const CHROMIUM: [Needed; 1] = [Needed { program: "chromium", package: "chromium" }];

/// The standard library for the browser's side.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    say::step("Rust target wasm32-unknown-unknown", || {
        if wasm_library()?.is_dir() {
            say::detail("already installed");
            return Ok(());
        }
        if find_program("rustup").is_none() {
            bail!(
                "the Rust target {WASM_TARGET} is missing and there is no rustup to add it; install rustup, \
                 or your system's package of Rust's standard library for {WASM_TARGET}, then run this again"
            );
        }
        let mut rustup = command::program("rustup", workspace::root());
        rustup.args(["target", "add", WASM_TARGET]);
        command::run(&mut rustup, "check the network, then run this again")
    })
}

fn wasm_library() -> Result<PathBuf> {
    let mut rustc = command::program("rustc", workspace::root());
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    let path = command::output(&mut rustc, "is Rust installed whole?")?;
    Ok(PathBuf::from(path.trim()))
}

/// Programs from Debian packages; each is looked for on the PATH first.
pub(crate) fn ensure_programs(needed: &[Needed]) -> Result<()> {
    let names: Vec<_> = needed.iter().map(|needed| needed.program).collect();
    say::step(&format!("Programs: {}", names.join(", ")), || {
        let missing: Vec<_> = needed.iter().filter(|needed| find_program(needed.program).is_none()).collect();
        if missing.is_empty() {
            say::detail("already installed");
            return Ok(());
        }
        let packages: Vec<_> = missing.iter().map(|needed| needed.package).collect();
        say::detail(format!("missing; installing the packages {}", packages.join(", ")));
        install_packages(&packages)
    })
}

/// OpenSSL, through which Kafka and Cassandra are spoken to: its headers, and what tells where they are.
pub(crate) fn ensure_openssl() -> Result<()> {
    say::step("OpenSSL", || {
        let mut find = command::program("pkg-config", workspace::root());
        let is_there = find.args(["--exists", "openssl"]).stdin(Stdio::null()).status();
        if is_there.is_ok_and(|status| status.success()) {
            say::detail("already installed");
            return Ok(());
        }
        say::detail("missing; installing the packages libssl-dev, pkg-config");
        install_packages(&["libssl-dev", "pkg-config"])
    })
}

/// Tells cargo to put the system's OpenSSL into the program, so that it needs no library beside it. Nothing if there is
/// only a shared one, as on systems other than Debian's.
pub(crate) fn openssl_inside() -> Vec<(&'static str, PathBuf)> {
    let root = workspace::root();
    let archive = |name: &str| {
        let mut cc = command::program("cc", root);
        let path = command::output(cc.arg(format!("-print-file-name={name}")), "").ok()?;
        Path::new(path.trim()).canonicalize().ok().filter(|path| path.is_file())
    };
    let mut headers = command::program("pkg-config", root);
    let headers = command::output(headers.args(["--variable=includedir", "openssl"]), "");
    match (archive("libssl.a"), archive("libcrypto.a"), headers) {
        (Some(ssl), Some(_), Ok(headers)) => vec![
            ("OPENSSL_STATIC", "1".into()),
            ("OPENSSL_LIB_DIR", ssl.with_file_name("")),
            ("OPENSSL_INCLUDE_DIR", headers.trim().into()),
        ],
        _ => {
            say::detail("there is no libssl.a: the program will need libssl.so beside it");
            Vec::new()
        }
    }
}

/// Only one at a time may change what is installed.
static INSTALLING: Mutex<()> = Mutex::new(());

fn install_packages(packages: &[&str]) -> Result<()> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if find_program("apt-get").is_none() {
        bail!(
            "there is no apt-get here: install {} with your system's package manager, then run this again",
            packages.join(" and ")
        );
    }
    let advice = "check the network and your rights, or install the packages yourself, then run this again";
    command::run(apt_get().arg("update"), advice)?;
    command::run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages), advice)
}

/// `apt-get` as root: directly where we are, else through sudo, which may ask on the terminal.
fn apt_get() -> std::process::Command {
    let root = workspace::root();
    let is_root =
        command::output(command::program("id", root).arg("-u"), "").is_ok_and(|id| id.trim() == "0");
    let mut command = if is_root {
        command::program("apt-get", root)
    } else {
        let mut sudo = command::program("sudo", root);
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    command
}

/// The npm packages of a directory, exactly as its lock file says.
pub(crate) fn ensure_npm_packages(directory: &Path) -> Result<()> {
    say::step(&format!("npm packages of {}", workspace::relative(directory)), || {
        let lock_path = directory.join("package-lock.json");
        let lock = fs::read(&lock_path).with_context(|| format!("{} cannot be read", lock_path.display()))?;
        let digest = format!("{:x}", Sha256::digest(&lock));
        let stamp = directory.join(NPM_STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == digest) {
            say::detail("already installed as the lock file says");
            return Ok(());
        }
        let mut npm = command::program("npm", directory);
        // Nothing we use needs an install script, and one that is not run cannot surprise.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        command::run(&mut npm, "check the network, then run this again")?;
        fs::write(&stamp, digest).with_context(|| format!("{} cannot be written", stamp.display()))
    })
}

/// The Python packages of a directory, exactly as its `requirements.txt` says, in an environment of their own under
/// `target`. Gives its Python.
pub(crate) fn ensure_python_packages(directory: &Path) -> Result<PathBuf> {
    ensure_programs(&PYTHON)?;
    let name = directory.file_name().unwrap_or_default();
    let environment = workspace::scratch_directory().join("python").join(name);
    let python = environment.join("bin/python");
    say::step(&format!("Python packages of {}", workspace::relative(directory)), || {
        let wanted_path = directory.join("requirements.txt");
        let wanted =
            fs::read(&wanted_path).with_context(|| format!("{} cannot be read", wanted_path.display()))?;
        let digest = format!("{:x}", Sha256::digest(&wanted));
        let stamp = environment.join("installed-from");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == digest) {
            say::detail("already installed as requirements.txt says");
            return Ok(());
        }
        // Debian has the module that makes environments in a package of its own.
        let root = workspace::root();
        if command::output(command::program("python3", root).args(["-c", "import ensurepip"]), "").is_err() {
            say::detail(format!("missing; installing the package {}", PYTHON[0].package));
            install_packages(&[PYTHON[0].package])?;
        }
        let mut venv = command::program("python3", root);
        command::run(venv.args(["-m", "venv", "--clear"]).arg(&environment), "is Python installed whole?")?;
        let mut pip = command::program(&python, root);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
        pip.arg("--requirement").arg(&wanted_path);
        command::run(&mut pip, "check the network, then run this again")?;
        fs::write(&stamp, digest).with_context(|| format!("{} cannot be written", stamp.display()))
    })?;
    Ok(python)
}

/// Where a program is on the PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
    }
}
