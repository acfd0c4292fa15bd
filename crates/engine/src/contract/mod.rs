//! The contract suite: what every engine must do, as tests that any engine's tests call.
//!
//! An engine gives a function that makes a fresh one, empty, with [`Has`] for each port and [`Reopen`]:
//! ```ignore
//! #[tokio::test]
//! async fn the_log_keeps_its_contract() {
//!     engine::contract::log(async || MyEngine::in_a_new_place().await).await;
//! }
//! ```
//! Each case gets its own fresh engine and prints its name, so that a failure says which it was.
#![expect(clippy::unwrap_used, reason = "a failure of a case is a panic of the test that calls it")]

mod documents;
mod editions;
mod figures;
mod live;
mod log;
mod model;
mod sample;
mod store;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// An engine under test has a port.
pub trait Has<Port: ?Sized>: Send + Sync {
    /// The port. It may be another one after each [`Reopen::reopen`].
    fn port(&self) -> Arc<Port>;
}

/// An engine under test can be stopped cleanly and started again on what it has.
#[async_trait]
pub trait Reopen: Send + Sync {
    /// Stops and starts.
    async fn reopen(&mut self);
}

/// Nothing that should happen takes longer; so that what does not happen is a failure and no wait.
const SOON: Duration = Duration::from_secs(30);
/// What should not happen has not happened after this.
const A_WHILE: Duration = Duration::from_millis(200);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("within 30 s")
}

/// Runs cases one after the other, each on a fresh engine.
macro_rules! cases {
    ($suite:literal, $fresh:ident: $($module:ident::$case:ident)*) => {
        $(
            eprintln!("contract of {}: {}", $suite, stringify!($case));
            $module::$case($fresh().await).await;
        )*
    };
}

/// The contract of a [`crate::ReadingLog`].
pub async fn log<E: Has<dyn crate::ReadingLog> + Reopen>(fresh: impl AsyncFn() -> E) {
    cases!("the log", fresh:
        log::every_partition_begins_with_its_generation
        log::what_is_appended_is_read_in_order
        log::nothing_to_append_is_no_error
        log::any_bytes_are_kept
        log::offsets_have_no_gap_however_many_append
        log::a_reader_follows_while_others_append
        log::reads_are_bounded_and_begin_anywhere
        log::a_read_at_the_head_waits
        log::append_times_never_decrease
        log::all_is_there_after_a_restart
        log::commits_cost_nothing_that_follows
        log::there_are_no_other_partitions
        log::it_is_known_when_records_were_appended
    );
}

/// The contract of a [`crate::PipelineStore`].
pub async fn store<E: Has<dyn crate::PipelineStore> + Has<dyn crate::FigureStore> + Reopen>(
    fresh: impl AsyncFn() -> E,
) {
    cases!("the store", fresh:
        store::an_empty_one_has_nothing
        store::a_flush_is_there_at_once_and_after_a_restart
        store::progress_is_of_each_partition_and_never_goes_back
        store::rows_are_in_the_windows_that_are_told
        store::a_row_changes_only_forward
        store::a_generation_counts_before_an_offset
        store::rows_are_of_each_partition_in_the_order_asked
        store::hints_change_only_forward
        store::registrations_are_versions
        store::raw_versions_are_found_by_meter_and_start
        store::raw_versions_are_stored_once_however_they_are_grouped
        store::a_repeated_flush_changes_nothing
        store::a_late_flush_adds_versions_and_undoes_nothing
        store::names_that_begin_alike_are_kept_apart
        store::flushes_at_once_are_all_there
        store::random_flushes_agree_with_a_model
    );
}

/// The contract of a [`crate::FigureStore`].
pub async fn figures<E: Has<dyn crate::PipelineStore> + Has<dyn crate::FigureStore> + Reopen>(
    fresh: impl AsyncFn() -> E,
) {
    cases!("figures", fresh:
        figures::an_empty_one_has_nothing
        figures::a_day_is_the_sum_of_its_partitions
        figures::area_days_are_in_order
        figures::many_areas_are_as_right_as_few
        figures::recent_rows_are_by_partition
        figures::the_last_registration_of_every_meter
        figures::readings_are_last_versions_in_order
        figures::a_day_of_readings_in_pages
        figures::dead_letters_in_pages
        figures::dead_letters_count_once
    );
}

/// The contract of a store's [`crate::Editions`].
pub async fn editions<E: Has<dyn crate::Editions> + Reopen>(fresh: impl AsyncFn() -> E) {
    cases!("editions", fresh:
        editions::each_has_its_own_aggregates
        editions::who_follows_is_where_it_is_told
        editions::one_is_removed_and_the_others_stay
        editions::the_note_is_replaced_by_who_has_read_it
    );
}

/// The contract of a [`crate::DocumentStore`], for documents of a kind.
pub async fn documents<E: Has<dyn crate::DocumentStore> + Reopen>(
    kind: &'static str,
    fresh: impl AsyncFn() -> E,
) {
    let of_kind = async || (fresh().await, kind);
    cases!("documents", of_kind:
        documents::written_read_overwritten_removed
        documents::listed_in_order
        documents::any_name_and_any_content
        documents::one_is_replaced_by_who_has_read_it
        documents::all_is_there_after_a_restart
    );
    cases!("documents", fresh: documents::kinds_are_apart);
}

/// The contract of a [`crate::LiveFeed`].
pub async fn live<E: Has<dyn crate::LiveFeed>>(fresh: impl AsyncFn() -> E) {
    cases!("the live feed", fresh:
        live::everyone_who_listens_gets_everything
        live::nobody_has_to_listen
        live::who_falls_behind_is_told
    );
}
