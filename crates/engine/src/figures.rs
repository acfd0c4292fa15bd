//! What figures are made from, and what operators look at. Exact data: none of it is public.

use async_trait::async_trait;
use metering::aggregate::Totals;
use metering::stored::{DeadLetter, PlacedRow, RawVersion, RegistrationVersion, keep_last};
use metering::{AreaCode, DeadReason, MeterId, Position, UtcSecond, Window};

use crate::StoreError;

/// One area's windows of one UTC day, summed over partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaDay {
    /// Which area of the finest level.
    pub area: AreaCode,
    /// The UTC day, numbered from 1970-01-01.
    pub day: i32,
    /// By number of the window in the day; windows that nothing was heard in are all zero.
    pub windows: Box<[Totals; 48]>,
}

/// The UTC days for which there are aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSpan {
    /// The first.
    pub first_day: i32,
    /// The last.
    pub last_day: i32,
}

/// Which dead letters are of interest. In order of (partition, position).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeadLetterFilter {
    /// Of this reason only.
    pub reason: Option<DeadReason>,
    /// Of this meter (the record's key) only.
    pub meter: Option<MeterId>,
    /// After this one: how to page.
    pub after: Option<(u32, Position)>,
    /// At most.
    pub limit: usize,
}

/// Exact data, for figures and for operators.
#[async_trait]
pub trait FigureStore: Send + Sync + 'static {
    /// Whether there are aggregates, and of which days.
    async fn span(&self) -> Result<Option<StoredSpan>, StoreError>;

    /// All areas' windows of one UTC day; areas without any are left out. In order of area.
    async fn day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError>;

    /// Some areas' windows of some UTC days, `first_day..=last_day`; what there is, in order of (area, day).
    async fn area_days(
        &self,
        areas: &[AreaCode],
        first_day: i32,
        last_day: i32,
    ) -> Result<Vec<AreaDay>, StoreError>;

    /// Every partition's rows of the windows `first..=last`, each with its `through`: where a web node
    /// begins before it follows the live feed. In any order.
    async fn recent_rows(&self, first: Window, last: Window) -> Result<Vec<(u32, PlacedRow)>, StoreError>;

    /// Every meter's last registration, in order of meter.
    async fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError>;

    /// Every meter that was ever registered in one of some areas, in order.
    async fn meters_ever_in(&self, areas: &[AreaCode]) -> Result<Vec<MeterId>, StoreError>;

    /// The last version of every reading of some meters that starts in `from..to`: one list a meter as they
    /// were asked for, in order of start.
    async fn readings(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError>;

    /// Every version of every reading that starts in a UTC day, in order of (meter, start, position). `from` is the
    /// first meter of interest, at most `limit` meters.
    async fn versions_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError>;

    /// The last version of each, in the same order: for exports and distinct counts.
    async fn readings_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let mut versions = self.versions_of_day(day, from, limit).await?;
        keep_last(&mut versions);
        Ok(versions)
    }

    /// Dead letters.
    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, StoreError>;

    /// How many dead letters there are, by reason.
    async fn dead_letter_counts(&self) -> Result<Vec<(DeadReason, u64)>, StoreError>;
}
