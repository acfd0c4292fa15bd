//! Whoever presses Ctrl-C is told how far it came, and how to go on.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::commands::signals::Signals;

/// What is said of it.
const ASKED: &str = "it was asked to stop";

/// Whether somebody asked the import to stop.
pub(super) struct Interrupt(CancellationToken);

impl Interrupt {
    /// Listens from now on. Whoever asks twice means at once: what was taken is durable all the same.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let mut signals = Signals::listen()?;
        let asked = CancellationToken::new();
        let stop = asked.clone();
        tokio::spawn(async move {
            signals.asked_to_stop().await;
            stop.cancel();
            signals.asked_to_stop().await;
            std::process::exit(130);
        });
        Ok(Interrupt(asked))
    }

    /// Whether somebody asked.
    pub(super) fn is_asked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Fails if somebody asked.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.is_asked(), ASKED);
        Ok(())
    }

    /// What comes of something, unless somebody asks meanwhile: then it is dropped.
    pub(super) async fn unless<T>(&self, done: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        match self.0.run_until_cancelled(done).await {
            Some(done) => done,
            None => Err(anyhow::anyhow!(ASKED)),
        }
    }
}
