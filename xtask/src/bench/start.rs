//! How long a person waits: for a clone to become a page, and for a start to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::line::Line;
use crate::{binary, command, say, workspace};

/// Longer than any start should take; then it is a failure, not a figure.
const FIRST_PAGE_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(15);
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The first start fills a data directory with the default homes; the second is measured.
pub(super) fn second_start() -> Result<Vec<Line>> {
    let wattmap = binary::release()?;
    let data = empty_directory("bench-start")?;
    let first = say::step("First start", || until_first_page(&wattmap, &data))?;
    let second = say::step("Second start", || until_first_page(&wattmap, &data))?;
    Ok(vec![
        Line::new("start", "first start to first page", first, "s", None),
        Line::new("start", "second start to first page", second, "s", Some(5.0)),
    ])
}

/// A clone beside this checkout, built with nothing but what cargo and npm have downloaded before: the network's part
/// is left out, because it says nothing about this project.
pub(super) fn cold() -> Result<Vec<Line>> {
    let clone = empty_directory("bench-cold")?;
    let begun = Instant::now();
    let mut git = command::program("git", workspace::root());
    say::step("Clone", || {
        command::run(git.args(["clone", "--quiet", "."]).arg(&clone), "is this a git checkout?")
    })?;
    let mut cargo = command::cargo();
    cargo.current_dir(&clone).env_remove("CARGO_TARGET_DIR").args(["xtask", "build"]);
    let printed = say::step("cargo xtask build", || command::output(&mut cargo, "see what it says above"))?;
    let wattmap = printed.lines().last().map(PathBuf::from).context("cargo xtask build printed no path")?;
    let built = begun.elapsed().as_secs_f64();
    say::step("First start", || until_first_page(&wattmap, &clone.join("wattmap-data")))?;
    let whole = begun.elapsed().as_secs_f64();
    Ok(vec![
        Line::new("cold", "clone to binary", built / 60.0, "min", None),
        Line::new("cold", "clone to first page", whole / 60.0, "min", Some(12.0)),
    ])
}

fn empty_directory(name: &str) -> Result<PathBuf> {
    let path = workspace::scratch_directory().join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

/// Seconds from the start of the process until `/` is answered with 200; then it is stopped.
fn until_first_page(wattmap: &Path, data: &Path) -> Result<f64> {
    let address = free_address()?;
    let begun = Instant::now();
    let mut process = Command::new(wattmap)
        .args(["run", "--listen", &address.to_string(), "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("{} could not be started", wattmap.display()))?;
    let page = wait_for_page(&mut process, address, begun);
    stop(&mut process)?;
    page
}

fn wait_for_page(process: &mut Child, address: SocketAddr, begun: Instant) -> Result<f64> {
    while begun.elapsed() < FIRST_PAGE_WITHIN {
        if let Some(status) = process.try_wait()? {
            bail!("wattmap ended before its first page ({status}); see what it says above");
        }
        if answers(address) {
            return Ok(begun.elapsed().as_secs_f64());
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    bail!("there was no page within {} s", FIRST_PAGE_WITHIN.as_secs())
}

/// Whether `/` is answered with 200, the whole page.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(FIRST_PAGE_WITHIN))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Asks it to stop, as a person would, so that the next start finds what a clean stop leaves.
fn stop(process: &mut Child) -> Result<()> {
    let mut kill = command::program("kill", workspace::root());
    command::run(kill.arg("-TERM").arg(process.id().to_string()), "the process was ours")?;
    let begun = Instant::now();
    while begun.elapsed() < STOPPED_WITHIN {
        if process.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    process.kill()?;
    process.wait()?;
    bail!("wattmap did not stop within {} s", STOPPED_WITHIN.as_secs())
}
