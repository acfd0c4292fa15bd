//! Places at which tests end a process as if its power had failed.

/// A place with a name. With the feature `crash-points`, which only tests have, `FAILPOINTS="NAME=7*off->return"` in the
/// environment ends the process at once when it comes here for the eighth time; without it, this is nothing.
#[inline]
pub fn crash_point(name: &str) {
    #[cfg(feature = "crash-points")]
    fail::fail_point!(name, |_| std::process::abort());
    let _ = name;
}

/// Has the environment say where. To be called once, at the beginning.
pub fn crash_points_from_environment() {
    // It would forget them when dropped.
    #[cfg(feature = "crash-points")]
    std::mem::forget(fail::FailScenario::setup());
}
