//! The progress bar: on a terminal; nothing is drawn elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::source::Source;

/// How far a file is read, and what follows.
pub(super) struct Progress {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
}

impl Progress {
    /// Of a file that is about to be read.
    pub(super) fn of(source: &Source) -> Self {
        let bar = ProgressBar::new(source.bytes);
        let style = "{prefix} {wide_bar} {percent:>3} %  {binary_bytes_per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_prefix(source.name());
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, read: source.read.clone() }
    }

    /// Shows how much has been read by now.
    pub(super) fn show(&self, message: impl FnOnce() -> String) {
        self.bar.set_position(self.read.load(Ordering::Relaxed));
        if !self.bar.is_hidden() {
            self.bar.set_message(message());
        }
    }

    /// Makes room for the report.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line that tells what is waited for.
pub(super) fn waiting_for(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
