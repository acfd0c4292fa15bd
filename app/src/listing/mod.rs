//! The list of all areas: the map for those who do not see it.

use metering::api::{Measure, Status};
use serde::{Deserialize, Serialize};

mod server;

pub(crate) use server::list;

/// Rows on a page of the list.
pub(crate) const ROWS: usize = 100;

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The largest figure first.
    #[default]
    Most,
    /// The smallest figure first.
    Least,
    /// By name.
    Name,
}

impl Sort {
    /// As in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Most => "most",
            Self::Least => "least",
            Self::Name => "name",
        }
    }

    /// From a URL.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Most, Self::Least, Self::Name].into_iter().find(|sort| sort.as_str() == text)
    }
}

/// Which part of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListQuery {
    /// The level; the one that the map begins with where it is not known.
    pub level: Option<String>,
    /// What is shown.
    pub measure: Measure,
    /// Letters that the name or the code contains.
    pub q: String,
    /// In which order.
    pub sort: Sort,
    /// The page, from 1.
    pub page: usize,
}

impl ListQuery {
    /// The URL of this part of the list.
    pub fn url(&self) -> String {
        let mut url = format!("/list?measure={}&sort={}", self.measure.as_str(), self.sort.as_str());
        if let Some(level) = &self.level {
            url.push_str("&level=");
            url.push_str(level);
        }
        if !self.q.is_empty() {
            url.push_str("&q=");
            url.push_str(&percent(&self.q));
        }
        if self.page > 1 {
            url.push_str(&format!("&page={}", self.page));
        }
        url
    }
}

/// A text for a URL's query.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// The area's code.
    pub code: String,
    /// Its official name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The larger area that it lies in.
    pub parent: Option<String>,
    /// What kind of figure.
    pub status: Status,
    /// The figure.
    pub value: Option<f64>,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListPage {
    /// What was asked, with its level and page settled.
    pub query: ListQuery,
    /// The levels there are: name in URLs, and in sentences.
    pub levels: Vec<(String, String)>,
    /// Rows that match, on all pages.
    pub total: usize,
    /// This page's.
    pub rows: Vec<ListRow>,
    /// How many homes there are, in words.
    pub homes: String,
    /// Whom the figures rest on, in one line.
    pub credits: String,
}

impl ListPage {
    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(ROWS).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_part() {
        let query = ListQuery {
            level: Some("msoa".to_owned()),
            measure: Measure::Now,
            q: "St John’s".to_owned(),
            sort: Sort::Least,
            page: 2,
        };
        assert_eq!(query.url(), "/list?measure=now&sort=least&level=msoa&q=St%20John%E2%80%99s&page=2");
        assert_eq!(Sort::parse("most"), Some(Sort::Most));
        assert_eq!(Sort::parse(""), None);
    }
}
