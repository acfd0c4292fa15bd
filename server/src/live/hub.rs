//! What is said of now, level by level, and what changed in it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use geography::LevelIndex;
use metering::api::LiveArea;
use metering::disclosure::Release;
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::news::{Moment, News};
use crate::figures::FiguresService;

/// Frames are no closer than this.
const FRAME_EVERY: Duration = Duration::from_secs(1);

/// Without any change, a frame without areas is sent as a sign of life; windows pass, too.
pub(super) const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(10);

/// Changes that a client may be behind before it gets a snapshot instead: over a slow connection a snapshot takes half a
/// minute, and what changes meanwhile is less than another.
const BEHIND_MAX: usize = 32;

struct LevelFeed {
    everything: RwLock<Arc<News>>,
    changes: broadcast::Sender<Arc<News>>,
}

/// The node's source of live frames.
pub struct Hub {
    figures: Arc<FiguresService>,
    levels: Vec<LevelFeed>,
}

impl Hub {
    /// Over the node's figures.
    pub fn new(figures: Arc<FiguresService>) -> Self {
        let release = figures.now_release();
        let moment = now(&figures);
        let feed = |level| {
            let (name, areas) = (name_of(&figures, level), areas_of(&figures, &release, level));
            LevelFeed {
                everything: RwLock::new(Arc::new(News::snapshot(name, 0, moment, areas))),
                changes: broadcast::channel(BEHIND_MAX).0,
            }
        };
        let levels = figures.geography().level_indices().map(feed).collect();
        Hub { figures, levels }
    }

    /// Makes frames until it is told to stop.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.figures.recent_change() => {}
                () = tokio::time::sleep(SIGN_OF_LIFE_EVERY) => {}
            }
            tokio::time::sleep_until(next).await;
            next = Instant::now() + FRAME_EVERY;
            self.figures.look_at_now().await;
            self.tick();
        }
    }

    fn tick(&self) {
        let release = self.figures.now_release();
        let moment = now(&self.figures);
        for (level, feed) in self.figures.geography().level_indices().zip(&self.levels) {
            let (name, areas) = (name_of(&self.figures, level), areas_of(&self.figures, &release, level));
            let before = feed.everything.read().unwrap_or_else(PoisonError::into_inner).clone();
            let changed: Vec<LiveArea> = areas
                .iter()
                .zip(&before.areas)
                .filter(|(now, then)| now != then)
                .map(|(now, _)| now.clone())
                .collect();
            let version = before.version + 1;
            *feed.everything.write().unwrap_or_else(PoisonError::into_inner) =
                Arc::new(News::snapshot(name, version, moment, areas));
            // An error only says that nobody listens.
            let _ = feed.changes.send(Arc::new(News::delta(name, version, moment, changed)));
        }
    }

    /// A level's changes from now on, and everything up to them: a change whose version is not after
    /// the snapshot's is in it already.
    pub fn subscribe(&self, level: LevelIndex) -> (broadcast::Receiver<Arc<News>>, Arc<News>) {
        let feed = &self.levels[level.0 as usize];
        let receiver = feed.changes.subscribe();
        (receiver, self.everything(level))
    }

    /// Everything on a level.
    pub fn everything(&self, level: LevelIndex) -> Arc<News> {
        self.levels[level.0 as usize].everything.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The figures that it says.
    pub fn figures(&self) -> &FiguresService {
        &self.figures
    }
}

fn now(figures: &FiguresService) -> Moment {
    Moment { at: figures.now(), heard_s: figures.heard_s() }
}

fn name_of(figures: &FiguresService, level: LevelIndex) -> &str {
    figures.geography().level(level).name()
}

fn areas_of(figures: &FiguresService, release: &Release, level: LevelIndex) -> Vec<LiveArea> {
    let geography = figures.geography();
    let area = |area: geography::AreaIndex| {
        let figure = release.figure(area.0 as usize);
        LiveArea {
            code: geography.area(area).code.clone(),
            status: figure.status(),
            mean_w: figure.value(),
            shown_for: figure.shown_for().map(|of| geography.areas()[of].code.clone()),
        }
    };
    geography.level(level).indices().map(area).collect()
}
