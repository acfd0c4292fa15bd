//! Areas side by side.

use app::error::AppError;
use app::services::PublicFigures;
use metering::AreaCode;
use metering::api::{AreaCard, ComparedArea, Comparison, Measure, Prices, Status, TariffCost};
use metering::disclosure::DisclosureRules;
use metering::estimate::FOUR_OF_FIVE;

use super::costs::{Known, costs};
use super::service::FiguresService;

/// How homes of an area differ in what they use, as the standard deviation of their mean: of half of London's LSOAs more, of
/// half less (DESNZ, LSOA domestic electricity 2019: the mean is 1.24 times the median, as of a log-normal distribution
/// with this coefficient of variation).
const HOMES_DIFFER: f64 = 0.74;

/// What ranges are rounded to, kWh.
const RANGE_STEP_KWH: f64 = 10.0;

impl FiguresService {
    /// `GET /api/v1/compare`
    pub(super) async fn comparison(&self, areas: &[AreaCode]) -> Result<Comparison, AppError> {
        let mut compared = Vec::with_capacity(areas.len());
        for code in areas {
            compared.push(self.compared(code).await?);
        }
        Ok(Comparison { areas: compared, prices: self.prices() })
    }

    async fn compared(&self, code: &AreaCode) -> Result<ComparedArea, AppError> {
        let card = self.card(code).await?;
        Ok(ComparedArea {
            annual_range: self.annual_range(&card)?,
            profile: self.profile(code, None, "weekday").await?,
            months: self.consumption(code, None, None, "month").await?,
            costs: self.costs_of(&card),
            card,
        })
    }

    fn costs_of(&self, card: &AreaCard) -> Vec<TariffCost> {
        let value = |measure| card.figure(measure).and_then(|figure| figure.value);
        let (Some(tariffs), Some(kwh)) = (&self.tariffs, value(Measure::Annual)) else { return Vec::new() };
        let (night_percent, evening_percent) = (value(Measure::NightShare), value(Measure::EveningShare));
        costs(tariffs, Known { kwh, night_percent, evening_percent, at_home: false })
    }

    /// Some homes stand for all: how far their mean may be off.
    fn annual_range(&self, card: &AreaCard) -> Result<Option<[f64; 2]>, AppError> {
        let measured = card.figure(Measure::Annual).filter(|figure| figure.status == Status::Measured);
        let Some(kwh) = measured.and_then(|figure| figure.value) else { return Ok(None) };
        Ok(range(kwh, self.homes_at_least(card)?, card.homes_published))
    }

    /// No more is told of how many they are than the band does.
    pub(super) fn homes_at_least(&self, card: &AreaCard) -> Result<u32, AppError> {
        let leaves = self.geography.leaves(self.area_of(&card.area.code)?);
        let band = DisclosureRules::HOMES_BAND;
        Ok(self.registered().meters_in(leaves) / band * band)
    }

    pub(super) fn prices(&self) -> Option<Prices> {
        self.tariffs.as_ref().map(|tariffs| Prices {
            from: tariffs.from.to_string(),
            to: tariffs.to.map(|to| to.to_string()),
            source: tariffs.source.clone(),
            currency: tariffs.currency.clone(),
            vat_percent: tariffs.vat_percent,
        })
    }
}

/// The standard deviation of a mean of so many homes, as a share of it, as a statement on so many.
pub(super) fn off_by(homes: u32, of: Option<u32>) -> Option<f64> {
    let not_asked = of.map_or(1.0, |of| 1.0 - f64::from(homes.min(of)) / f64::from(of.max(1)));
    (homes > 0).then(|| HOMES_DIFFER * (not_asked / f64::from(homes)).sqrt())
}

/// Of a mean of so many homes, as a statement on so many.
fn range(kwh: f64, homes: u32, of: Option<u32>) -> Option<[f64; 2]> {
    let off = kwh * FOUR_OF_FIVE * off_by(homes, of)?;
    let rounded = |kwh: f64| (kwh / RANGE_STEP_KWH).round() * RANGE_STEP_KWH;
    Some([rounded((kwh - off).max(0.0)), rounded(kwh + off)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_homes_the_narrower() {
        assert_eq!(range(3_000.0, 0, None), None);
        assert_eq!(range(3_000.0, 100, None), Some([2720.0, 3280.0]));
        assert_eq!(range(3_000.0, 400, None), Some([2860.0, 3140.0]));
        assert_eq!(range(3_000.0, 100, Some(200)), Some([2800.0, 3200.0]), "half of all");
        assert_eq!(range(3_000.0, 100, Some(100)), Some([3000.0, 3000.0]), "all of them");
        assert_eq!(range(3_000.0, 100, Some(90)), Some([3000.0, 3000.0]), "some have moved in since");
    }
}
