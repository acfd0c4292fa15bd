//! The store as the ports want it. All work is blocking, so all of it goes to threads for that.

use async_trait::async_trait;
use engine::{
    AreaDay, DeadLetterFilter, Document, FigureStore, PipelineStore, RawQuery, StoreError, StoredSpan,
};
use metering::stored::{DeadLetter, FlushPlan, MeterState, PlacedRow, RawVersion, RegistrationVersion};
use metering::{AggregateRow, AreaCode, DeadReason, MeterId, Place, Position, UtcSecond, Window};

use super::{EmbeddedStore, lock};

#[async_trait]
impl PipelineStore for EmbeddedStore {
    async fn progress(&self, partitions: u32) -> Result<Vec<Option<Position>>, StoreError> {
        let mut progress = lock(&self.inner.progress).clone();
        progress.resize(partitions as usize, None);
        Ok(progress)
    }

    async fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError> {
        let meters = meters.to_vec();
        self.blocking(move |inner| inner.meters(&meters)).await
    }

    async fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        let queries = queries.to_vec();
        self.blocking(move |inner| inner.raw(&queries)).await
    }

    async fn rows(&self, partition: u32, places: &[Place]) -> Result<Vec<Option<AggregateRow>>, StoreError> {
        let (edition, places) = (self.edition.get(), places.to_vec());
        self.blocking(move |inner| inner.rows(edition, partition, &places)).await
    }

    async fn flush(&self, plan: &FlushPlan) -> Result<(), StoreError> {
        let (edition, plan) = (self.edition.get(), plan.clone());
        self.blocking(move |inner| inner.flush(edition, &plan)).await
    }
}

#[async_trait]
impl FigureStore for EmbeddedStore {
    async fn span(&self) -> Result<Option<StoredSpan>, StoreError> {
        let edition = self.edition.get();
        self.blocking(move |inner| inner.span(edition)).await
    }

    async fn day(&self, day: i32) -> Result<Vec<AreaDay>, StoreError> {
        let edition = self.edition.get();
        self.blocking(move |inner| inner.day(edition, day)).await
    }

    async fn area_days(
        &self,
        areas: &[AreaCode],
        first_day: i32,
        last_day: i32,
    ) -> Result<Vec<AreaDay>, StoreError> {
        let (edition, areas) = (self.edition.get(), areas.to_vec());
        self.blocking(move |inner| inner.area_days(edition, areas, first_day, last_day)).await
    }

    async fn recent_rows(&self, first: Window, last: Window) -> Result<Vec<(u32, PlacedRow)>, StoreError> {
        let edition = self.edition.get();
        self.blocking(move |inner| inner.recent_rows(edition, first, last)).await
    }

    async fn registrations(&self) -> Result<Vec<RegistrationVersion>, StoreError> {
        self.blocking(|inner| inner.registrations()).await
    }

    async fn meters_ever_in(&self, areas: &[AreaCode]) -> Result<Vec<MeterId>, StoreError> {
        let areas = areas.iter().cloned().collect();
        self.blocking(move |inner| inner.meters_ever_in(&areas)).await
    }

    async fn readings(
        &self,
        meters: &[MeterId],
        from: UtcSecond,
        to: UtcSecond,
    ) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        let meters = meters.to_owned();
        self.blocking(move |inner| inner.readings(&meters, from, to)).await
    }

    async fn versions_of_day(
        &self,
        day: i32,
        from: Option<&MeterId>,
        limit: usize,
    ) -> Result<Vec<RawVersion>, StoreError> {
        let from = from.cloned();
        self.blocking(move |inner| inner.versions_of_day(day, from.as_ref(), limit)).await
    }

    async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, StoreError> {
        let filter = filter.clone();
        self.blocking(move |inner| inner.dead_letters(&filter)).await
    }

    async fn dead_letter_counts(&self) -> Result<Vec<(DeadReason, u64)>, StoreError> {
        self.blocking(|inner| inner.dead_letter_counts()).await
    }
}

impl EmbeddedStore {
    pub(crate) async fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.blocking(move |inner| inner.document(&kind, &id)).await
    }

    pub(crate) async fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        let kind = kind.to_owned();
        self.blocking(move |inner| inner.documents(&kind)).await
    }

    pub(crate) async fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        let kind = kind.to_owned();
        self.blocking(move |inner| inner.put_documents(&kind, documents)).await
    }

    pub(crate) async fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let (kind, id, read) = (kind.to_owned(), id.to_owned(), read.map(<[u8]>::to_vec));
        self.blocking(move |inner| inner.replace_document(&kind, &id, read.as_deref(), by)).await
    }

    pub(crate) async fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.blocking(move |inner| inner.remove_document(&kind, &id)).await
    }
}
