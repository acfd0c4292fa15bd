//! The port that the page and the public API ask.

use std::sync::Arc;
use std::time::Duration;

use app::error::AppError;
use app::services::{HouseholdAsked, LocalPrices, PublicFigures};
use app::site::{DisclosureNumbers, SiteStatus};
use async_trait::async_trait;
use geography::{AreaIndex, LevelIndex};
use jiff::civil::Date;
use metering::api::{
    AreaCard, AreaName, Comparison, ConsumptionSeries, EstimateAnswer, Figure, MapAnswer, MapArea, Measure,
    MeasuredIn, Profile, SearchAnswer, Status,
};
use metering::disclosure::{FigureKind, PublicFigure, Release, homes_band, rounded_measure};
use metering::tariff::Tariff;
use metering::{AreaCode, UtcSecond, Window};

use super::calendar;
use super::model::Published;
use super::recent::LOOK_BACK;
use super::series::unavailable;
use super::service::{FiguresService, Registered};
use super::when;

/// Classes of the map's legend.
const CLASSES: usize = 7;

/// How long a page waits for what it can do without.
const PAGE_PATIENCE: Duration = Duration::from_millis(40);

/// From how long on it is told that readings wait to be counted, seconds: a hand-over or a busy minute is nothing to readers.
const BEHIND_TOLD_FROM_S: i64 = 120;

/// Results of a search.
const SEARCH_RESULTS: usize = 8;

/// A release of one measure, with its time.
struct Released {
    release: Arc<Release>,
    from: UtcSecond,
    to: UtcSecond,
    as_of: UtcSecond,
}

#[async_trait]
impl PublicFigures for FiguresService {
    async fn map(
        &self,
        level: &str,
        measure: Measure,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<MapAnswer, AppError> {
        let level = self.level(level)?;
        let released = self.released(measure, from, to).await?;
        let areas: Vec<MapArea> = self
            .geography
            .level(level)
            .indices()
            .map(|area| {
                let figure = released.release.figure(area.0 as usize);
                MapArea {
                    code: self.geography.area(area).code.clone(),
                    status: figure.status(),
                    value: figure.value(),
                    shown_for: figure.shown_for().map(|of| self.geography.areas()[of].code.clone()),
                }
            })
            .collect();
        let SiteStatus { real_homes, simulated_homes, .. } = self.status();
        let classes = match from.or(to) {
            Some(_) if measure.has_times() && measure != Measure::Annual => {
                self.classes_of_all_times(level, measure).await?
            }
            _ => Vec::new(),
        };
        let own = || quantiles(areas.iter().filter_map(|area| area.value).collect(), CLASSES);
        Ok(MapAnswer {
            real_homes,
            simulated_homes,
            measure,
            unit: self.unit(measure),
            level: self.geography.level(level).name().to_owned(),
            from: released.from,
            to: released.to,
            as_of: released.as_of,
            classes: if classes.is_empty() { own() } else { classes },
            areas,
        })
    }

    async fn card(&self, code: &AreaCode) -> Result<AreaCard, AppError> {
        let area = self.area_of(code)?;
        let mut figures = Vec::new();
        let mut year = None;
        let choices = Measure::CHOICES.into_iter();
        for measure in choices.filter(|&measure| measure != Measure::Cost || self.flat.is_some()) {
            let released = self.released(measure, None, None).await?;
            figures.push(self.figure(area, measure, &released.release));
            if measure == Measure::Annual {
                year = Some(released);
            }
        }
        let Some(year) = year else { return Err(AppError::Internal) };
        let registered = self.registered();
        let meters = registered.meters_in(self.geography.leaves(area));
        let own = year.release.figure(area.0 as usize);
        let measured = own.status() == Status::Measured;
        let shown_for = own.shown_for().map_or(area, |wider| AreaIndex(wider as u32));
        let last_measured = match own.status() {
            Status::Modelled => self.ever_heard.last_enough(area.0 as usize),
            _ => None,
        };
        let published = self.model().annual(area.0 as usize).filter(|published| published.meters > 0);
        let modelled = figures.iter().any(|figure| figure.status == Status::Modelled);
        Ok(AreaCard {
            area: self.name(area),
            parents: self.geography.ancestors(area).map(|larger| self.name(larger)).collect(),
            children: self.geography.children(area).map(|child| self.name(child)).collect(),
            homes: homes_band(meters, &self.rules).filter(|_| measured),
            measured_in: self.measured_in(area, &year.release).filter(|_| measured),
            homes_published: published.map(|Published { meters, .. }| meters),
            coverage_percent: self.coverage_percent(area, meters).filter(|_| measured),
            simulated: registered.simulated_in(self.geography.leaves(shown_for)) > 0,
            last_measured: last_measured.map(|day| day.strftime("%Y-%m").to_string()),
            from: year.from,
            to: year.to,
            as_of: year.as_of,
            figures,
            model_source: self.model().source.clone().filter(|_| modelled),
        })
    }

    async fn consumption(
        &self,
        area: &AreaCode,
        from: Option<&str>,
        to: Option<&str>,
        by: &str,
    ) -> Result<ConsumptionSeries, AppError> {
        self.consumption_series(self.area_of(area)?, from, to, by).await
    }

    async fn profile(&self, area: &AreaCode, month: Option<&str>, day: &str) -> Result<Profile, AppError> {
        self.typical_day(area, month, day, PAGE_PATIENCE).await
    }

    async fn compare(&self, areas: &[AreaCode]) -> Result<Comparison, AppError> {
        self.comparison(areas).await
    }

    async fn estimate(
        &self,
        area: &AreaCode,
        household: &HouseholdAsked,
    ) -> Result<EstimateAnswer, AppError> {
        self.estimated(area, household).await
    }

    async fn history(&self) -> Result<Option<[i64; 2]>, AppError> {
        let days =
            |date: Date| date.since(Date::constant(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()));
        let Some(span) = self.days.span().await.map_err(unavailable)? else { return Ok(None) };
        let first = self.calendar.date_of(Window::at(span.first_day, 24).start());
        let end = self.default_period().to;
        Ok((first < end).then(|| [days(first), days(end)]))
    }

    fn search(&self, q: &str) -> SearchAnswer {
        let results = self.geography.search(q, SEARCH_RESULTS);
        SearchAnswer { q: q.to_owned(), results: results.into_iter().map(|hit| self.found(hit)).collect() }
    }

    fn status(&self) -> SiteStatus {
        let registered = self.registered();
        let newest = self.newest();
        let now = self.clock.now();
        let followed_s = i64::from(LOOK_BACK + 1) * metering::time::WINDOW_S;
        SiteStatus {
            simulated_homes: registered.simulated,
            real_homes: self.real_homes(&registered),
            heard_s: self.heard_s(),
            now,
            live: newest.is_some_and(|newest| now.0 - newest.0 < followed_s),
            disclosure: DisclosureNumbers {
                homes_period: self.rules.homes_min(FigureKind::Period),
                homes_live: self.rules.homes_min(FigureKind::Window),
            },
            attribution: [Some(self.geography.attribution().to_owned()), self.model().attribution.clone()]
                .into_iter()
                .flatten()
                .collect(),
            holidays: self.calendar.holidays().map(str::to_owned),
            currency: self.flat.and(self.tariffs.as_ref()).map(|tariffs| tariffs.currency.clone()),
            tile_url: self.tiles.as_ref().map(|(url, _)| url.clone()),
            tile_attribution: self.tiles.as_ref().map(|(_, attribution)| attribution.clone()),
        }
    }

    fn behind_s(&self) -> Option<i64> {
        let waited = self.clock.now().0.saturating_sub(self.whole_until().0);
        Some(waited).filter(|&waited| waited > BEHIND_TOLD_FROM_S)
    }

    fn local_prices(&self) -> LocalPrices {
        let tariffs = self.tariffs.as_ref();
        LocalPrices {
            zone: calendar::posix(self.geography.time_zone()),
            currency: tariffs.map(|tariffs| tariffs.currency.clone()).unwrap_or_default(),
            tariffs: tariffs.map_or_else(Vec::new, |all| all.tariffs.iter().map(Tariff::prices).collect()),
        }
    }
}

impl FiguresService {
    /// How many homes are real: in a band, as everywhere. None where there is none.
    fn real_homes(&self, registered: &Registered) -> Option<String> {
        let real = registered.meters.saturating_sub(registered.simulated);
        let real = u32::try_from(real).unwrap_or(u32::MAX);
        let few = || format!("fewer than {}", self.rules.homes_min(FigureKind::Period));
        (real > 0).then(|| homes_band(real, &self.rules).unwrap_or_else(few))
    }

    /// In how many of the areas within this one anybody was heard. Each of them says as much on the map.
    fn measured_in(&self, area: AreaIndex, release: &Release) -> Option<MeasuredIn> {
        let first = self.geography.children(area).next()?;
        let heard = |child: &AreaIndex| {
            !matches!(release.figure(child.0 as usize).status(), Status::NoData | Status::Modelled)
        };
        let count = |areas: usize| u32::try_from(areas).unwrap_or(u32::MAX);
        Some(MeasuredIn {
            areas: count(self.geography.children(area).filter(heard).count()),
            of: count(self.geography.children(area).count()),
            called: self.geography.level(self.geography.area(first).level).names.plural.clone(),
        })
    }

    fn level(&self, name: &str) -> Result<LevelIndex, AppError> {
        self.geography.level_named(name).ok_or_else(|| {
            let names: Vec<&str> = self.geography.levels().iter().map(geography::Level::name).collect();
            AppError::refused("level", name, format!("allowed are {}", names.join(", ")))
        })
    }

    pub(super) fn area_of(&self, code: &AreaCode) -> Result<AreaIndex, AppError> {
        self.geography
            .index_of(code)
            .ok_or_else(|| AppError::NotFound { what: format!("area called {code}") })
    }

    pub(super) fn name(&self, area: AreaIndex) -> AreaName {
        let found = self.geography.area(area);
        AreaName {
            code: found.code.clone(),
            level: self.geography.level(found.level).name().to_owned(),
            name: found.name.clone(),
            near: found.near.clone(),
        }
    }

    async fn released(
        &self,
        measure: Measure,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Released, AppError> {
        if measure == Measure::Now {
            if let Some(given) = from.or(to) {
                return Err(AppError::refused("from", given, "the measure now has no from and no to"));
            }
            let now = self.clock.now();
            let window = now.window();
            let release = self.recent.release(now);
            let as_of = self.heard().map_or(now, |heard| heard.min(now));
            return Ok(Released { release, from: window.start(), to: window.end(), as_of });
        }
        if measure == Measure::Cost {
            let year = Box::pin(self.released(Measure::Annual, from, to)).await?;
            return self.cost_of(year);
        }
        let period = when::period(from, to, self.default_period(), &self.calendar)?;
        let dated = self.period_release(measure, period).await.map_err(unavailable)?;
        let midnight = |date| self.calendar.midnight(date).ok_or(AppError::Internal);
        Ok(Released {
            release: dated.release,
            from: midnight(dated.period.from)?,
            to: midnight(dated.period.to)?,
            as_of: dated.as_of.min(self.whole_until()),
        })
    }

    /// What a year costs under the flat tariff.
    fn cost_of(&self, year: Released) -> Result<Released, AppError> {
        let Some(flat) = &self.flat else {
            let (measure, why) =
                (Measure::Cost.as_str(), "there is no flat tariff among this site's `tariffs`");
            return Err(AppError::refused("measure", measure, why));
        };
        let release = Arc::new(year.release.derived(Measure::Cost, |kwh| flat.a_year(kwh)));
        Ok(Released { release, ..year })
    }

    /// The classes of the last year, wider by half: other days are more unlike than areas are, and while one goes from day to
    /// day the colours have to mean the same.
    async fn classes_of_all_times(&self, level: LevelIndex, measure: Measure) -> Result<Vec<f64>, AppError> {
        let year = self.released(measure, None, None).await?;
        let areas = self.geography.level(level).indices();
        let values = areas.filter_map(|area| year.release.figure(area.0 as usize).value()).collect();
        let bounds = quantiles(values, CLASSES);
        let Some(&middle) = bounds.get(bounds.len() / 2) else { return Ok(bounds) };
        let wider = |bound: f64| rounded_measure(measure, (middle + (bound - middle) * 1.5).max(0.0));
        let mut wider: Vec<f64> = bounds.into_iter().map(wider).collect();
        wider.dedup();
        Ok(wider)
    }

    /// The unit of a measure, as the public API names it.
    fn unit(&self, measure: Measure) -> String {
        match (measure, &self.tariffs) {
            (Measure::Cost, Some(tariffs)) => tariffs.currency.clone(),
            _ => measure.unit().to_owned(),
        }
    }

    fn figure(&self, area: AreaIndex, measure: Measure, release: &Release) -> Figure {
        let public: PublicFigure = release.figure(area.0 as usize);
        let modelled = |figure: &PublicFigure| figure.status() == Status::Modelled;
        let handed_down =
            || self.model().annual(area.0 as usize).is_some_and(|published| published.meters == 0);
        // What was measured is not held against what was modelled, nor a larger area's mean against itself.
        let around = self
            .around(area)
            .filter(|_| !(modelled(&public) && handed_down()))
            .map(|around| release.figure(around.0 as usize))
            .filter(|around| modelled(around) == modelled(&public))
            .and_then(|around| around.value());
        Figure {
            measure,
            unit: self.unit(measure),
            status: public.status(),
            value: public.value(),
            shown_for: public.shown_for().map(|of| self.name(AreaIndex(of as u32))),
            around,
            basis: public.basis(),
        }
    }

    /// What an area is held against: the largest area around it, unless that is the same place or has the same homes.
    pub(super) fn around(&self, area: AreaIndex) -> Option<AreaIndex> {
        let around = self.geography.ancestors(area).last()?;
        let heard = self.ever_heard.by_area();
        let (own, theirs) = (heard[area.0 as usize], heard[around.0 as usize]);
        let same = self.geography.leaves(around) == self.geography.leaves(area) || own > 0 && own == theirs;
        (!same).then_some(around)
    }

    /// Homes heard in the newest window that was heard well, over homes registered.
    fn coverage_percent(&self, area: AreaIndex, registered: u32) -> Option<u8> {
        let heard = self.recent.heard_most(area.0 as usize)?;
        (registered > 0).then(|| (u64::from(heard) * 100 / u64::from(registered)).min(100) as u8)
    }

    fn found(&self, hit: geography::SearchHit) -> metering::api::SearchResult {
        metering::api::SearchResult {
            kind: hit.kind.as_str().to_owned(),
            label: hit.label,
            detail: hit.detail,
            area: hit.area.map(|area| self.name(area)),
        }
    }
}

/// The upper bounds of all of `classes` quantile classes but the last, of the values that there are. Where
/// values are few or alike, there are fewer classes.
fn quantiles(mut values: Vec<f64>, classes: usize) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let mut bounds: Vec<f64> =
        (1..classes).filter_map(|class| values.get(values.len() * class / classes).copied()).collect();
    bounds.dedup();
    if bounds.first() == values.first() {
        bounds.drain(..bounds.len().min(1));
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_classes() {
        let check =
            |values: &[f64], expect: &[f64]| assert_eq!(quantiles(values.to_vec(), 4), expect, "{values:?}");
        check(&[], &[]);
        check(&[5.0], &[]);
        check(&[8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &[3.0, 5.0, 7.0]);
        check(&[1.0, 1.0, 1.0, 9.0], &[9.0]);
    }
}
