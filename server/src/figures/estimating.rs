//! What a household would use and pay in an area.

use app::error::AppError;
use app::services::{HouseholdAsked, PublicFigures};
use metering::AreaCode;
use metering::api::{AreaCard, EstimateAnswer, EstimatedCost, Figure, Measure, Spread, Status};
use metering::estimate::Estimate;
use metering::reading::Heating;
use metering::tariff::{MONTHS, Tariff, YearOfUse};
use metering::time::DayType;

use super::comparing::off_by;
use super::costs::{Known, year_of};
use super::service::FiguresService;

/// How far the mean of a small area is from that of a larger one around it, as the standard deviation of its logarithm: that of
/// London's LSOAs within their boroughs (DESNZ, LSOA domestic electricity 2019).
const AREAS_DIFFER: f64 = 0.19;

/// How far a published mean is from the next year's, likewise.
const YEARS_DIFFER: f64 = 0.03;

/// Ofgem's typical domestic consumption values from 1 July 2026, kWh a year: of a meter with one price, and of one with two,
/// which homes heated with electricity have.
const TYPICAL_KWH: f64 = 2_500.0;
const TYPICAL_ELECTRIC_KWH: f64 = 3_400.0;

/// What is said is not better than that, kWh.
const STEP_KWH: f64 = 10.0;

impl FiguresService {
    /// `GET /api/v1/estimate`
    pub(super) async fn estimated(
        &self,
        code: &AreaCode,
        household: &HouseholdAsked,
    ) -> Result<EstimateAnswer, AppError> {
        let card = self.card(code).await?;
        let known = card.figure(Measure::Annual).and_then(|figure| Some((figure, figure.value?)));
        let Some((figure, mean_kwh)) = known else {
            return Err(AppError::NotFound {
                what: format!("figure of what homes in {} use", card.area.name),
            });
        };
        let households = self.households();
        let area = self.area_of(code)?;
        let like_the_mean = self.registered().factor_in(self.geography.leaves(area), &self.rules);
        let mean_off = self.mean_off(&card, figure)?;
        let kwh = households.estimate(&household.dwelling, mean_kwh / like_the_mean, mean_off);
        let value = |measure| card.figure(measure).and_then(|figure| figure.value);
        let year = year_of(Known {
            kwh: kwh.kwh,
            night_percent: value(Measure::NightShare),
            evening_percent: value(Measure::EveningShare),
            at_home: household.at_home,
        });
        let costs = match &self.tariffs {
            Some(tariffs) => tariffs.tariffs.iter().map(|tariff| cost(tariff, &year, &kwh)).collect(),
            None => Vec::new(),
        };
        let is_electric = matches!(household.dwelling.heating, Some(Heating::Electric | Heating::HeatPump));
        Ok(EstimateAnswer {
            status: figure.status,
            shown_for: figure.shown_for.clone(),
            mean_home_kwh: mean_kwh,
            kwh: spread(&kwh, |kwh| (kwh / STEP_KWH).round() * STEP_KWH),
            months_kwh: (0..MONTHS).map(|month| year.month_kwh(month).round()).collect(),
            weekday_w: weekday(&year),
            costs,
            prices: self.prices(),
            fitted_homes: (households.homes() / 100 * 100) as u32,
            typical_kwh: if is_electric { TYPICAL_ELECTRIC_KWH } else { TYPICAL_KWH },
            area: card.area,
        })
    }

    fn mean_off(&self, card: &AreaCard, figure: &Figure) -> Result<f64, AppError> {
        Ok(match figure.status {
            Status::Measured => {
                off_by(self.homes_at_least(card)?, card.homes_published).unwrap_or(AREAS_DIFFER)
            }
            Status::Modelled if card.homes_published.is_some() => YEARS_DIFFER,
            _ => AREAS_DIFFER,
        })
    }
}

fn spread(estimate: &Estimate, of: impl Fn(f64) -> f64) -> Spread {
    Spread { low: of(estimate.low_kwh), middle: of(estimate.kwh), high: of(estimate.high_kwh) }
}

/// Of the middle's shape, whatever is used.
fn cost(tariff: &Tariff, year: &YearOfUse, kwh: &Estimate) -> EstimatedCost {
    let cost = tariff.cost(year);
    let (energy, standing) = (cost.energy.iter().sum::<f64>(), cost.standing.iter().sum::<f64>());
    EstimatedCost {
        tariff: tariff.id.clone(),
        name: tariff.name.clone(),
        note: tariff.note.clone(),
        a_year: spread(kwh, |other| ((standing + energy * other / kwh.kwh) / 100.0).round()),
        months: (0..MONTHS).map(|month| (cost.month(month) / 100.0).round()).collect(),
    }
}

/// The mean of its weekdays, W.
fn weekday(year: &YearOfUse) -> Vec<f64> {
    let days: f64 = (0..MONTHS).map(|month| year.days(month, DayType::Weekday)).sum();
    let half_hours = year.day(0, DayType::Weekday).len();
    (0..half_hours)
        .map(|half_hour| {
            let kwh: f64 = (0..MONTHS)
                .map(|month| {
                    year.days(month, DayType::Weekday) * year.day(month, DayType::Weekday)[half_hour]
                })
                .sum();
            (kwh / days * 2_000.0).round()
        })
        .collect()
}
