//! The page of what a household would use and pay: in one place, or in another than now.

use geography::AreaIndex;
use metering::AreaCode;
use metering::api::EstimateAnswer;
use serde::{Deserialize, Serialize};

use super::{EstimateQuery, given};
use crate::error::AppError;
use crate::services::{HouseholdAsked, Services};
use crate::words;

/// What the page was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EstimateAsked {
    /// The household, and where it would be.
    pub query: EstimateQuery,
    /// The code of the area where it is now.
    pub now: Option<String>,
    /// What somebody typed for where it would be; nothing in it takes the place away.
    pub q: Option<String>,
    /// Likewise, for where it is now.
    pub q_now: Option<String>,
}

/// An area, and what the household uses and pays in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Its code.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// None where nothing is known of it.
    pub answer: Option<EstimateAnswer>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EstimatePage {
    /// The household, as it was asked for.
    pub query: EstimateQuery,
    /// Where it would be.
    pub there: Option<Place>,
    /// Where it is now.
    pub now: Option<Place>,
    /// What was not understood or is not known, in sentences; the rest is shown all the same.
    pub trouble: Vec<String>,
    /// Where the page is, if somebody typed a place.
    pub moved_to: Option<String>,
}

/// The page's URL, for a household in a place, or in another than now.
fn url(there: Option<&str>, now: Option<&str>, query: &EstimateQuery) -> String {
    let places = [("area", there), ("now", now)];
    let places = places.into_iter().filter_map(|(name, code)| Some(format!("&{name}={}", code?)));
    let fields = places.collect::<String>() + &query.in_url();
    match fields.strip_prefix('&') {
        Some(fields) => format!("/estimate?{fields}"),
        None => "/estimate".to_owned(),
    }
}

impl EstimatePage {
    /// From there to here.
    pub(crate) fn url_of_the_way_back(&self) -> String {
        let code = |place: &Option<Place>| place.as_ref().map(|place| place.code.clone());
        url(code(&self.now).as_deref(), code(&self.there).as_deref(), &self.query)
    }
}

/// An area of which a code is given, or that somebody typed; what is not known is said.
fn look(
    services: &Services,
    code: &Option<String>,
    typed: &Option<String>,
    trouble: &mut Vec<String>,
) -> Option<AreaIndex> {
    let geography = &services.geography;
    let chosen = given(code).and_then(|text| {
        let found = AreaCode::parse(text).ok().and_then(|code| geography.index_of(&code));
        if found.is_none() {
            trouble.push(words::unknown_area(text));
        }
        found
    });
    let Some(typed) = typed.as_deref().map(str::trim) else { return chosen };
    if chosen.is_some_and(|index| geography.title(index) == typed) {
        return chosen;
    }
    if typed.is_empty() {
        return None;
    }
    let found = services.area_called(typed).and_then(|code| geography.index_of(&code));
    if found.is_none() {
        trouble.push(words::nothing_found(typed));
    }
    found.or(chosen)
}

async fn place(
    services: &Services,
    index: AreaIndex,
    household: &HouseholdAsked,
    trouble: &mut Vec<String>,
) -> Result<Place, AppError> {
    let code = services.geography.area(index).code.clone();
    let answer = match services.figures.estimate(&code, household).await {
        Ok(answer) => Some(answer),
        Err(error @ AppError::NotFound { .. }) => {
            trouble.push(words::trouble(&error));
            None
        }
        Err(error) => return Err(error),
    };
    Ok(Place { code: code.to_string(), title: services.geography.title(index).to_owned(), answer })
}

/// The page that was asked for.
pub(crate) async fn estimated(services: &Services, asked: EstimateAsked) -> Result<EstimatePage, AppError> {
    let mut trouble = Vec::new();
    let there = look(services, &asked.query.area, &asked.q, &mut trouble);
    let mut now = look(services, &asked.now, &asked.q_now, &mut trouble);
    if there.is_some() && there == now {
        trouble.push(words::estimate_same_place().to_owned());
        now = None;
    }
    let household = asked.query.household().unwrap_or_else(|error| {
        trouble.push(words::trouble(&error));
        HouseholdAsked::default()
    });
    let is_typed = asked.q.is_some() || asked.q_now.is_some();
    let moved_to = (is_typed && trouble.is_empty()).then(|| {
        let code = |index: Option<AreaIndex>| index.map(|index| services.geography.area(index).code.as_str());
        url(code(there), code(now), &asked.query)
    });
    let mut page = EstimatePage { query: asked.query, moved_to, ..EstimatePage::default() };
    if let Some(index) = there {
        page.there = Some(place(services, index, &household, &mut trouble).await?);
    }
    if let Some(index) = now {
        page.now = Some(place(services, index, &household, &mut trouble).await?);
    }
    let answer = page.there.as_ref().and_then(|place| place.answer.as_ref());
    if let Some(Err(error)) = answer.map(|answer| page.query.tariff_of(answer)) {
        trouble.push(words::trouble(&error));
    }
    Ok(EstimatePage { trouble, ..page })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let query = EstimateQuery { bedrooms: Some("2".to_owned()), ..EstimateQuery::default() };
        assert_eq!(url(Some("E01"), Some("E02"), &query), "/estimate?area=E01&now=E02&bedrooms=2");
        assert_eq!(url(None, None, &query), "/estimate?bedrooms=2");
        assert_eq!(url(None, None, &EstimateQuery::default()), "/estimate");
        let place = |code: &str| Some(Place { code: code.to_owned(), title: code.to_owned(), answer: None });
        let page = EstimatePage { there: place("E01"), now: place("E02"), query, ..EstimatePage::default() };
        assert_eq!(page.url_of_the_way_back(), "/estimate?area=E02&now=E01&bedrooms=2");
    }
}
