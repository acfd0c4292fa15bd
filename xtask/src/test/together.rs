//! `cargo xtask run --engines`, from its first line to Ctrl-C.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{roles, say, workspace};

/// From the start until every role has said something and the page is there, and from Ctrl-C to the end.
const STARTS_WITHIN: Duration = Duration::from_secs(90);
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// Ends it, whatever becomes of the test.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything comes up on the nodes that tests have started, serves the page, and ends when it is told to.
pub(super) fn comes_up_and_ends(binary: &Path) -> Result<()> {
    let mut task = Command::new(std::env::current_exe().context("the path of this program is not known")?);
    task.args(["run", "--engines", "--of-tests", "--listen", "127.0.0.1:0", "--simulate", "300"]);
    task.args(["--history-days", "0", "--binary"]).arg(binary).current_dir(workspace::root());
    let task = task.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn();
    let mut task = Run(task.context("it can't be started")?);
    let lines = lines_of(task.0.stdout.take().context("its log is piped")?);
    let address = starts(&lines)?;
    let page = page_at(&address)?;
    ensure!(page.starts_with("HTTP/1.1 200"), "the page is not there: {page:.200}");
    let pid = Pid::from_raw(i32::try_from(task.0.id())?).context("a process has a number")?;
    kill_process(pid, Signal::INT)?;
    let told = Instant::now();
    loop {
        if let Some(status) = task.0.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        ensure!(told.elapsed() < ENDS_WITHIN, "it does not end within {} s", ENDS_WITHIN.as_secs());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until every role has a line in the log; gives where the page is.
fn starts(lines: &Receiver<String>) -> Result<String> {
    let began = Instant::now();
    let (mut silent, mut address): (BTreeSet<&str>, _) = (roles::names().collect(), None);
    while !silent.is_empty() || address.is_none() {
        let left = STARTS_WITHIN.saturating_sub(began.elapsed());
        let line = lines.recv_timeout(left).with_context(|| format!("nothing more comes of {silent:?}"))?;
        say::detail(&line);
        silent.retain(|role| !line.starts_with(role));
        if let Some((_, at)) = line.split_once("The map is at http://") {
            address = at.split('/').next().map(str::to_owned);
        }
    }
    address.context("an address was said")
}

fn lines_of(log: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // Nobody may listen any more; what it says has to go somewhere all the same.
            let _ = sender.send(line);
        }
    });
    lines
}

fn page_at(address: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address).with_context(|| format!("{address} does not answer"))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(socket, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut page = Vec::new();
    socket.read_to_end(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
