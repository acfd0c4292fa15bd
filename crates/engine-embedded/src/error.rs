//! Why a directory can't be opened.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why an engine does not start. Each is one sentence that names the file or directory.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the data directory {} is in use by another process{}", dir.display(), process(*pid))]
    InUse {
        /// Which.
        dir: PathBuf,
        /// The other process, if it said.
        pid: Option<u32>,
        /// Where it serves, if it does.
        serves: Option<SocketAddr>,
    },
    /// A setting makes no sense, or not for this directory.
    #[error("{0}")]
    Config(String),
    /// The file system refused something.
    #[error("{}: can't {what}: {cause}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said. Part of the sentence already, so it is not its source, too.
        cause: std::io::Error,
    },
    /// A file does not hold what was written to it, or is missing. Nothing was changed.
    #[error("{}: {problem}. The data can't be trusted, so nothing was started; restore the data directory from a copy", path.display())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl OpenError {
    pub(crate) fn corrupt(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        OpenError::Corrupt { path: path.into(), problem: problem.into() }
    }

    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| OpenError::Io { what, path, cause }
    }
}
