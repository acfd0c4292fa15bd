//! The shapes of the public HTTP answers and of the live feed, as `docs/` and `/api/v1/openapi.json`
//! describe them. The server writes them, the browser reads them.

use serde::{Deserialize, Serialize};

use crate::{AreaCode, UtcSecond};

/// Where a public figure comes from, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// From the area's own meters.
    Measured,
    /// From a larger area's meters, which `shown_for` names.
    Merged,
    /// From published statistics.
    Modelled,
    /// There are meters, but too few to be shown.
    Suppressed,
    /// Nothing is known.
    NoData,
}

impl Status {
    /// As in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Merged => "merged",
            Self::Modelled => "modelled",
            Self::Suppressed => "suppressed",
            Self::NoData => "no_data",
        }
    }
}

/// What the map can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// kWh that a home uses in a year.
    #[default]
    Annual,
    /// What that costs under a flat tariff, with the standing charge, in units of the currency.
    Cost,
    /// kWh that a home uses a day, of the days that are asked for.
    Daily,
    /// Mean power of a home in the current window, W.
    Now,
    /// Share of a home's use between 00:30 and 07:30 local time, per cent.
    NightShare,
    /// Share of a home's use between 16:00 and 20:00 local time, per cent.
    EveningShare,
}

impl Measure {
    /// All of them.
    pub const ALL: [Measure; 6] =
        [Self::Annual, Self::Cost, Self::Daily, Self::Now, Self::NightShare, Self::EveningShare];

    /// Those that readers choose from, in the order in which they are offered: a day's use is what a year's becomes where some
    /// days are asked for.
    pub const CHOICES: [Measure; 5] =
        [Self::Annual, Self::Cost, Self::Now, Self::NightShare, Self::EveningShare];

    /// Those that are not another one in other units.
    pub const OWN: [Measure; 4] = [Self::Annual, Self::Now, Self::NightShare, Self::EveningShare];

    /// As in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Annual => "annual",
            Self::Cost => "cost",
            Self::Daily => "daily",
            Self::Now => "now",
            Self::NightShare => "night_share",
            Self::EveningShare => "evening_share",
        }
    }

    /// From a URL.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text)
    }

    /// Whether it is of a whole year, whatever it rests on.
    pub const fn is_of_a_year(self) -> bool {
        matches!(self, Self::Annual | Self::Cost)
    }

    /// Whether other days than those of the last year can be looked at.
    pub const fn has_times(self) -> bool {
        matches!(self, Self::Annual | Self::Daily | Self::NightShare | Self::EveningShare)
    }

    /// The unit of its values; none of money, whose unit is the currency.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Annual | Self::Daily => "kWh",
            Self::Cost => "",
            Self::Now => "W",
            Self::NightShare | Self::EveningShare => "%",
        }
    }
}

/// `GET /api/v1/map`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapAnswer {
    /// What is shown.
    pub measure: Measure,
    /// Its unit.
    pub unit: String,
    /// The level, by name.
    pub level: String,
    /// The first instant covered.
    pub from: UtcSecond,
    /// The first instant after what is covered.
    pub to: UtcSecond,
    /// Readings that arrived after this may be missing from the figures; for those of now, when the newest one did, as far
    /// as that is known.
    pub as_of: UtcSecond,
    /// How many real homes there are, in bands; none where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_homes: Option<String>,
    /// How many simulated ones.
    #[serde(default)]
    pub simulated_homes: u64,
    /// The upper bounds of all classes but the last: quantiles of the values shown.
    pub classes: Vec<f64>,
    /// Every area of the level, in the geography's order.
    pub areas: Vec<MapArea>,
}

/// One area of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapArea {
    /// Which.
    pub code: AreaCode,
    /// What kind of figure.
    pub status: Status,
    /// The figure, for `measured`, `merged` and `modelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// For `merged`: the larger area whose figure it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaCode>,
}

/// A name with its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaName {
    /// Its code.
    pub code: AreaCode,
    /// Its level, by name.
    pub level: String,
    /// Its official name.
    pub name: String,
    /// The nearest place that people know, where one is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
}

/// One public figure of an area's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub measure: Measure,
    /// Its unit.
    pub unit: String,
    /// Where it comes from.
    pub status: Status,
    /// The figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// For `merged`: the larger area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaName>,
    /// What the same figure is for the largest area around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<f64>,
    /// For `measured` and `merged` figures over days: the days that they rest on. A year's use that rests on fewer
    /// than a year's days is scaled to a year with the standard shape of the seasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

/// The days that a figure rests on: those on which enough homes were heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// How many days.
    pub days: u32,
    /// Where the first of them begins.
    pub from: UtcSecond,
    /// Where the last of them ends.
    pub to: UtcSecond,
}

/// `GET /api/v1/areas/{code}`: the card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AreaCard {
    /// The area itself.
    #[serde(flatten)]
    pub area: AreaName,
    /// The areas it lies in, the nearest first.
    pub parents: Vec<AreaName>,
    /// The next finer areas in it.
    pub children: Vec<AreaName>,
    /// Meters registered here, as a band in words ("30 to 49"); None where hidden or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homes: Option<String>,
    /// In how many of `children` these homes are: a figure of few corners is not one of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_in: Option<MeasuredIn>,
    /// Homes counted by published statistics, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homes_published: Option<u32>,
    /// Meters heard from over meters expected, whole per cents, where it may be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_percent: Option<u8>,
    /// Whether meters behind the figures are simulated.
    pub simulated: bool,
    /// Where nothing was measured in the period: the month in which enough homes last were, `2018-12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_measured: Option<String>,
    /// The period of the figures.
    pub from: UtcSecond,
    /// Its end.
    pub to: UtcSecond,
    /// Readings that arrived after this may be missing from those over days.
    pub as_of: UtcSecond,
    /// One figure a measure.
    pub figures: Vec<Figure>,
    /// For modelled figures: the source, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_source: Option<String>,
}

impl AreaCard {
    /// The figure of a measure.
    pub fn figure(&self, measure: Measure) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.measure == measure)
    }
}

/// In how many areas, of all there are, homes were measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredIn {
    /// In so many.
    pub areas: u32,
    /// Of so many.
    pub of: u32,
    /// What several of them are called: `neighbourhoods`.
    pub called: String,
}

/// `GET /api/v1/areas/{code}/consumption`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumptionSeries {
    /// Which area.
    pub area: AreaCode,
    /// `half-hour`, `day` or `month`.
    pub by: String,
    /// For figures of a larger area: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaName>,
    /// In order of time: the half-hours, local days or months that the time asked for has any part in. A day and a month
    /// are told whole, because what two of their parts differ by could be one home.
    pub series: Vec<ConsumptionPoint>,
}

/// One point of a consumption series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumptionPoint {
    /// Where it begins.
    pub start: UtcSecond,
    /// What kind of figure.
    pub status: Status,
    /// What a home used, kWh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kwh_per_home: Option<f64>,
    /// In how much of its time so far any home was heard, where that is not all of it, %: `kwh_per_home` is of this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_percent: Option<u8>,
}

/// `GET /api/v1/areas/{code}/profile`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which area.
    pub area: AreaCode,
    /// `weekday`, `saturday` or `sunday`.
    pub day: String,
    /// The month, `2026-11`.
    pub month: String,
    /// What kind of figures.
    pub status: Status,
    /// For figures of a larger area: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaName>,
    /// Days that they rest on.
    pub days: u32,
    /// The 48 half-hours of the local day.
    pub half_hours: Vec<ProfilePoint>,
}

/// One half-hour of a profile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ProfilePoint {
    /// Local time, `18:30`.
    pub time: String,
    /// Mean power of a home, W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_w: Option<f64>,
    /// The same for the largest area around.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around_w: Option<f64>,
    /// What one home in ten stays below, W: the mean of the ten homes nearest to that, of a few hundred. Left out where there
    /// are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p10_w: Option<f64>,
    /// What every other home stays below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_w: Option<f64>,
    /// What nine homes in ten stay below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_w: Option<f64>,
}

/// `GET /api/v1/compare`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Side by side, as they were asked for.
    pub areas: Vec<ComparedArea>,
    /// What the costs are of; none where no prices are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
}

/// One of the areas that are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedArea {
    /// The card.
    pub card: AreaCard,
    /// Four times of five the mean of all homes is between these, kWh a year, where the figure is that of some of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annual_range: Option<[f64; 2]>,
    /// The typical weekday of the newest month that has one.
    pub profile: Profile,
    /// The last twelve months.
    pub months: ConsumptionSeries,
    /// What the mean home would pay under each tariff.
    pub costs: Vec<TariffCost>,
}

/// What a year costs under a tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TariffCost {
    /// Its name in a URL.
    pub tariff: String,
    /// As people call it.
    pub name: String,
    /// How its prices were derived, where they are not simply the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// In units of the currency, with the standing charge and the tax.
    pub a_year: f64,
}

/// Whose prices they are, and of when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// The first day.
    pub from: String,
    /// The last one, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// In words.
    pub source: String,
    /// ISO 4217.
    pub currency: String,
    /// Value-added tax, which is in them, %.
    pub vat_percent: f64,
}

/// What a tariff's prices are, in hundredths of the currency, taxes included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TariffPrices {
    /// Its name in a URL.
    pub tariff: String,
    /// As people call it.
    pub name: String,
    /// For each day.
    pub standing_per_day: f64,
    /// For a kilowatt-hour: by type of day, then by half-hour of the local day.
    pub per_kwh: Vec<Vec<f64>>,
}

/// `GET /api/v1/estimate`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimateAnswer {
    /// Where.
    pub area: AreaName,
    /// What the figure of the mean home rests on.
    pub status: Status,
    /// For figures of a larger area: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaName>,
    /// What the mean home there uses in a year, kWh.
    pub mean_home_kwh: f64,
    /// What such a household uses in a year, kWh.
    pub kwh: Spread,
    /// Of the middle, what is used in each month, kWh, January first.
    pub months_kwh: Vec<f64>,
    /// Of the middle, the mean power in each half-hour of a weekday, W.
    pub weekday_w: Vec<f64>,
    /// What it costs under each tariff.
    pub costs: Vec<EstimatedCost>,
    /// What the costs are of; none where no prices are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
    /// Measured homes of all areas that what sets households apart was fitted to, in whole hundreds; 0 where published values tell it.
    pub fitted_homes: u32,
    /// The typical domestic consumption value for such a home, kWh a year.
    pub typical_kwh: f64,
}

/// One in ten is below `low`, as many above `middle` as below, one in ten above `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The tenth of a hundred.
    pub low: f64,
    /// The middle.
    pub middle: f64,
    /// The ninetieth of a hundred.
    pub high: f64,
}

/// What a year costs under a tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimatedCost {
    /// Its name in a URL.
    pub tariff: String,
    /// As people call it.
    pub name: String,
    /// How its prices were derived, where they are not simply the source's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// In units of the currency, with the standing charge and the tax.
    pub a_year: Spread,
    /// Of the middle, each month, January first.
    pub months: Vec<f64>,
}

/// `GET /api/v1/search`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// What was asked.
    pub q: String,
    /// The best first.
    pub results: Vec<SearchResult>,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResult {
    /// `area`, `place`, `postcode_sector`, or `outside` for what is known but not on the map.
    pub kind: String,
    /// What to show.
    pub label: String,
    /// What tells it from others of the same label.
    pub detail: String,
    /// The area to open; none for what lies outside the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaName>,
}

/// A frame of `/live`, server to client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveFrame {
    /// Everything that was subscribed to.
    Snapshot {
        /// Counts frames on this connection, from 1.
        seq: u64,
        /// The level, by name.
        level: String,
        /// When it was true.
        at: UtcSecond,
        /// Seconds since a reading last arrived; left out where none has yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard_s: Option<i64>,
        /// The areas.
        areas: Vec<LiveArea>,
    },
    /// What was asked for can't be had; what was subscribed to before goes on.
    Error {
        /// Counts frames on this connection.
        seq: u64,
        /// For a person.
        message: String,
    },
    /// What changed since the frame before; without areas now and then, as a sign of life.
    Delta {
        /// The frame before's, plus one.
        seq: u64,
        /// The level, by name.
        level: String,
        /// When it was true.
        at: UtcSecond,
        /// Seconds since a reading last arrived; left out where none has yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard_s: Option<i64>,
        /// The areas that changed.
        areas: Vec<LiveArea>,
    },
}

/// One area of a live frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveArea {
    /// Which.
    pub code: AreaCode,
    /// What kind of figure.
    pub status: Status,
    /// Mean power of a home in the current window, W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_w: Option<f64>,
    /// For `merged`: the larger area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_for: Option<AreaCode>,
}

/// A frame of `/live`, client to server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveRequest {
    /// Replaces what was subscribed to.
    pub subscribe: Subscription,
}

/// What a client of `/live` wants to hear of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Subscription {
    /// A level, by name.
    pub level: String,
    /// These areas only; all of the level if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub areas: Option<Vec<AreaCode>>,
}
