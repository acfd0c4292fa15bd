//! What clients are told, written once for all of them.

use std::sync::OnceLock;

use axum::body::Bytes;
use metering::UtcSecond;
use metering::api::{LiveArea, LiveFrame};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// A longer message goes in fragments of so many bytes: a connection keeps a buffer as large as the largest frame that it
/// ever wrote, and there may be thousands.
const FRAGMENT_BYTES: usize = 8 * 1024;

/// How the number of a frame is written in its text, before it has one.
const NO_NUMBER: &str = r#""seq":0"#;

/// Of when news are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// When they were true.
    pub(super) at: UtcSecond,
    /// Seconds since a reading last arrived.
    pub(super) heard_s: Option<i64>,
}

/// What is said of a level at a moment.
#[derive(Debug)]
pub struct News {
    /// Counts the changes of a level. In a snapshot, the last that is in it.
    pub(super) version: u64,
    /// Whether it is all of the level, and not only what changed.
    is_snapshot: bool,
    /// The level, by name.
    level: String,
    moment: Moment,
    /// In the geography's order.
    pub(super) areas: Vec<LiveArea>,
    /// For whoever asked for no areas.
    to_all: OnceLock<Option<Text>>,
}

impl News {
    /// All of a level.
    pub(super) fn snapshot(level: &str, version: u64, moment: Moment, areas: Vec<LiveArea>) -> Self {
        let level = level.to_owned();
        News { version, is_snapshot: true, level, moment, areas, to_all: OnceLock::new() }
    }

    /// What changed in it.
    pub(super) fn delta(level: &str, version: u64, moment: Moment, areas: Vec<LiveArea>) -> Self {
        News { is_snapshot: false, ..Self::snapshot(level, version, moment, areas) }
    }

    /// A frame about some of the areas, which has no number yet.
    pub(super) fn of_some(&self, is_of_interest: impl Fn(&LiveArea) -> bool) -> LiveFrame {
        let areas = self.areas.iter().filter(|&area| is_of_interest(area)).cloned().collect();
        let (seq, level, Moment { at, heard_s }) = (0, self.level.clone(), self.moment);
        if self.is_snapshot {
            LiveFrame::Snapshot { seq, level, at, heard_s, areas }
        } else {
            LiveFrame::Delta { seq, level, at, heard_s, areas }
        }
    }

    /// All of it; none if it cannot be written.
    pub(super) fn to_all(&self) -> Option<&Text> {
        self.to_all.get_or_init(|| Text::of(&self.of_some(|_| true))).as_ref()
    }
}

/// A frame as text, but for the number that it has on a connection.
#[derive(Debug, Clone)]
pub(super) struct Text {
    before: Bytes,
    after: Bytes,
}

impl Text {
    /// Of a frame that has no number yet; none if it cannot be written.
    pub(super) fn of(frame: &LiveFrame) -> Option<Self> {
        let text = serde_json::to_string(frame)
            .inspect_err(|error| tracing::error!(%error, "a live frame can't be written"));
        let text = Bytes::from(text.ok()?);
        // It comes before everything that is said: the type is a word.
        let number = text.windows(NO_NUMBER.len()).position(|here| here == NO_NUMBER.as_bytes())?;
        let digit = number + NO_NUMBER.len() - 1;
        Some(Text { before: text.slice(..digit), after: text.slice(digit + 1..) })
    }

    /// As a message.
    pub(super) fn numbered(&self, seq: u64) -> impl Iterator<Item = Frame> {
        let mut first = Vec::with_capacity(FRAGMENT_BYTES.min(self.before.len() + 20 + self.after.len()));
        first.extend_from_slice(&self.before);
        first.extend_from_slice(seq.to_string().as_bytes());
        let mut after = self.after.clone();
        first.extend_from_slice(&after.split_to(after.len().min(FRAGMENT_BYTES - first.len())));
        let first = Frame::message(first, OpCode::Data(Data::Text), after.is_empty());
        let others = std::iter::from_fn(move || {
            let next = after.split_to(after.len().min(FRAGMENT_BYTES));
            let is_last = after.is_empty();
            (!next.is_empty()).then(|| Frame::message(next, OpCode::Data(Data::Continue), is_last))
        });
        std::iter::once(first).chain(others)
    }
}

#[cfg(test)]
mod tests {
    use metering::AreaCode;
    use metering::api::Status;

    use super::*;

    fn news(areas: usize) -> News {
        let area = |number| LiveArea {
            code: AreaCode::parse(&format!("E{number:08}")).unwrap(),
            status: Status::NoData,
            mean_w: None,
            shown_for: None,
        };
        let moment = Moment { at: UtcSecond(0), heard_s: Some(0) };
        News::snapshot("lsoa", 1, moment, (0..areas).map(area).collect())
    }

    #[test]
    fn fragments_make_up_the_frame_with_its_number() {
        for (areas, seq) in [(0, 1), (100, 10), (200, u64::MAX), (4835, 7)] {
            let news = news(areas);
            let frames: Vec<Frame> = news.to_all().unwrap().numbered(seq).collect();
            let is_first = |frame: &Frame| frame.header().opcode == OpCode::Data(Data::Text);
            assert_eq!(frames.iter().position(is_first), Some(0), "{areas}");
            assert_eq!(frames.iter().filter(|frame| is_first(frame)).count(), 1, "{areas}");
            let last = frames.iter().position(|frame| frame.header().is_final);
            assert_eq!(last, Some(frames.len() - 1), "{areas}");
            assert!(frames.iter().all(|frame| frame.payload().len() <= FRAGMENT_BYTES), "{areas}");
            let whole: Vec<u8> = frames.iter().flat_map(|frame| frame.payload().to_vec()).collect();
            let LiveFrame::Snapshot { seq: read, areas: read_areas, .. } =
                serde_json::from_slice(&whole).unwrap()
            else {
                panic!("no snapshot");
            };
            assert_eq!((read, read_areas), (seq, news.areas), "{areas}");
        }
    }

    #[test]
    fn a_message_may_speak_of_a_number_itself() {
        let message = r#"not a "seq":0 of mine"#.to_owned();
        let text = Text::of(&LiveFrame::Error { seq: 0, message: message.clone() }).unwrap();
        let whole: Vec<u8> = text.numbered(3).flat_map(|frame| frame.payload().to_vec()).collect();
        assert_eq!(
            serde_json::from_slice::<LiveFrame>(&whole).unwrap(),
            LiveFrame::Error { seq: 3, message }
        );
    }
}
