//! What the kernel says of processes.

use rustix::process::Pid;

/// What it does, in a letter: `T` if it is stopped, `Z` if it has ended and nobody has taken note. None if it is not there.
pub(super) fn state_of(pid: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// The most memory that it ever had at once, MB.
pub(super) fn peak_mb_of(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.unwrap_or_else(|| panic!("{status}")).parse::<u64>().unwrap() / 1024
}
