//! What the page needs of the server, as ports. The server's composition root fills them in.

use std::sync::Arc;

use async_trait::async_trait;
use geography::Geography;
use leptos::prelude::use_context;
use metering::AreaCode;
use metering::api::{
    AreaCard, Comparison, ConsumptionSeries, EstimateAnswer, MapAnswer, Measure, Profile, SearchAnswer,
    TariffPrices,
};
use metering::reading::Dwelling;
use serde_json::Value;

use crate::assets::AssetUrls;
use crate::error::AppError;
pub use crate::first_map::DrawnAreas;
use crate::site::SiteStatus;

/// A household that an estimate is asked for. What is unknown is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HouseholdAsked {
    /// Its home, and how many they are.
    pub dwelling: Dwelling,
    /// Whether somebody is at home on weekdays.
    pub at_home: bool,
}

/// How many areas are compared at most.
pub const COMPARED_MAX: usize = crate::view_state::PINS_MAX;

/// The public figures: everything behind this has passed disclosure control.
///
/// Times are given as text, as the public API takes them: RFC 3339 instants or local dates.
#[async_trait]
pub trait PublicFigures: Send + Sync + 'static {
    /// One figure for every area of a level, in the geography's order. Without times: the measure's
    /// own period (the last year, or the current window).
    async fn map(
        &self,
        level: &str,
        measure: Measure,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<MapAnswer, AppError>;

    /// The local days that figures may be of, counted from 1970-01-01: the first, and the one after the last; none as long as
    /// there is nothing.
    async fn history(&self) -> Result<Option<[i64; 2]>, AppError>;

    /// How long readings have waited to be counted, seconds, where that is longer than it should be.
    fn behind_s(&self) -> Option<i64>;

    /// What is known of one area. An unknown code is [`AppError::NotFound`].
    async fn card(&self, area: &AreaCode) -> Result<AreaCard, AppError>;

    /// Consumption by `half-hour`, `day` or `month`. Without times: the last seven local days, today
    /// included, or by month the last twelve.
    async fn consumption(
        &self,
        area: &AreaCode,
        from: Option<&str>,
        to: Option<&str>,
        by: &str,
    ) -> Result<ConsumptionSeries, AppError>;

    /// The mean local day of a `weekday`, `saturday` or `sunday`. Without a month (`2026-11`): the
    /// newest one that has figures.
    async fn profile(&self, area: &AreaCode, month: Option<&str>, day: &str) -> Result<Profile, AppError>;

    /// Areas side by side. An unknown code is [`AppError::NotFound`].
    async fn compare(&self, areas: &[AreaCode]) -> Result<Comparison, AppError>;

    /// What a household would use and pay in an area. [`AppError::NotFound`] where nothing is known of it.
    async fn estimate(&self, area: &AreaCode, household: &HouseholdAsked)
    -> Result<EstimateAnswer, AppError>;

    /// Areas, places and postcode sectors, the best first.
    fn search(&self, q: &str) -> SearchAnswer;

    /// The state of the site.
    fn status(&self) -> SiteStatus;

    /// What somebody's own use is worked out with, in their browser.
    fn local_prices(&self) -> LocalPrices;
}

/// What energy costs where the map is, and what time it is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalPrices {
    /// The local time, as POSIX has it: `GMT0BST,M3.5.0/1,M10.5.0`.
    pub zone: String,
    /// ISO 4217.
    pub currency: String,
    /// None where prices are not known.
    pub tariffs: Vec<TariffPrices>,
}

/// The door for readings and registrations: the same one as `POST /api/v1/readings` and `/meters`.
#[async_trait]
pub trait ReadingDoor: Send + Sync + 'static {
    /// Takes a JSON body of readings with a key; gives the receipt as JSON.
    async fn submit_readings(&self, key: &str, body: String) -> Result<String, AppError>;

    /// Takes a JSON body of registrations with a key; gives the receipt as JSON.
    async fn register_meters(&self, key: &str, body: String) -> Result<String, AppError>;
}

/// Everything that the page asks the server for.
#[derive(Clone)]
pub struct Services {
    /// The public figures.
    pub figures: Arc<dyn PublicFigures>,
    /// The door.
    pub door: Arc<dyn ReadingDoor>,
    /// The areas.
    pub geography: Arc<Geography>,
    /// They as they were drawn last.
    pub drawn: Arc<DrawnAreas>,
    /// Where the page's files are.
    pub assets: Arc<AssetUrls>,
    /// Where the public finds the site, if that is known.
    pub public_url: Option<Arc<str>>,
    /// What the API is, as OpenAPI has it.
    pub description: Arc<Value>,
}

impl Services {
    /// The area that somebody means: the first that is found.
    pub(crate) fn area_called(&self, typed: &str) -> Option<AreaCode> {
        self.figures.search(typed).results.into_iter().find_map(|result| Some(result.area?.code))
    }
}

/// The services of the request that is being answered.
pub fn services() -> Result<Services, AppError> {
    use_context::<Services>().ok_or(AppError::Internal)
}
