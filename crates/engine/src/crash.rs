//! Places at which tests end a process as if its power had failed, have it fall asleep, or hang.

/// A place with a name. With the feature `crash-points`, which only tests have, `FAILPOINTS="NAME=7*off->return"` in the
/// environment ends the process at once when it comes here for the eighth time, and `7*off->1*return(stop)->off` stops it
/// then, until somebody continues it; `return(hang)` has whoever comes here go no further, while the rest of the process goes on.
/// Without the feature, this is nothing.
#[inline]
pub fn crash_point(name: &str) {
    #[cfg(feature = "crash-points")]
    fail::fail_point!(name, |what| match what.as_deref() {
        Some("stop") => fall_asleep(),
        Some("hang") => hang(),
        _ => std::process::abort(),
    });
    let _ = name;
}

/// As SIGSTOP from elsewhere does, but here.
#[cfg(feature = "crash-points")]
fn fall_asleep() {
    use rustix::process::{Signal, getpid, kill_process};
    if kill_process(getpid(), Signal::STOP).is_err() {
        std::process::abort();
    }
    // Another thread may be the one that stops first: this one goes no further before all have, and were continued.
    std::thread::sleep(std::time::Duration::from_millis(500));
}

/// As a fault of ours would have it.
#[cfg(feature = "crash-points")]
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Has the environment say where. To be called once, at the beginning.
pub fn crash_points_from_environment() {
    // It would forget them when dropped.
    #[cfg(feature = "crash-points")]
    std::mem::forget(fail::FailScenario::setup());
}
