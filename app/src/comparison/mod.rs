//! Areas side by side, as a page.

use metering::api::Comparison;
use serde::{Deserialize, Serialize};

mod differences;
mod server;

pub(crate) use differences::{Difference, Told, difference, is_one_figure};
pub(crate) use server::compared;

/// What the page was asked for.
#[derive(Debug)]
pub(crate) struct CompareQuery {
    /// Codes, as they stand in the URL.
    pub(crate) areas: Vec<String>,
    /// What somebody looks for, to add it.
    pub(crate) q: String,
}

impl CompareQuery {
    /// From the two parameters of the URL.
    pub(crate) fn parse(areas: &str, q: &str) -> Self {
        let codes = areas.split(',').map(str::trim).filter(|code| !code.is_empty());
        CompareQuery { areas: codes.map(str::to_owned).collect(), q: q.trim().to_owned() }
    }
}

/// The URL of the page for some areas.
pub(crate) fn url<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let codes: Vec<&str> = codes.collect();
    if codes.is_empty() { "/compare".to_owned() } else { format!("/compare?areas={}", codes.join(",")) }
}

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparePage {
    /// The areas, by code and title.
    pub areas: Vec<(String, String)>,
    /// What is known of them.
    pub comparison: Option<Comparison>,
    /// What of the URL was not understood, in sentences; the rest is shown all the same.
    pub trouble: Vec<String>,
    /// Whether the URL should be another one: somebody was looking for an area, and it was found.
    pub is_moved: bool,
}

impl ComparePage {
    /// The page's URL.
    pub fn url(&self) -> String {
        url(self.areas.iter().map(|(code, _)| code.as_str()))
    }

    /// The same without one of the areas.
    pub fn url_without(&self, code: &str) -> String {
        url(self.areas.iter().map(|(other, _)| other.as_str()).filter(|other| *other != code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let query = CompareQuery::parse(" E09000012,,E09000007 ", " hackney ");
        assert_eq!((query.areas.len(), query.q.as_str()), (2, "hackney"));
        assert_eq!(url(query.areas.iter().map(String::as_str)), "/compare?areas=E09000012,E09000007");
        assert_eq!(url(std::iter::empty()), "/compare");
    }
}
