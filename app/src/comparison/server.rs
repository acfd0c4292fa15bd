//! Makes the page of what its URL asks for: what is not understood is said, and the rest is kept.

use metering::AreaCode;

use super::{ComparePage, CompareQuery};
use crate::error::AppError;
use crate::services::{COMPARED_MAX, Services};
use crate::words;

/// The page that was asked for.
pub(crate) async fn compared(services: &Services, query: CompareQuery) -> Result<ComparePage, AppError> {
    let geography = &services.geography;
    let mut codes: Vec<AreaCode> = Vec::new();
    let mut trouble = Vec::new();
    for text in &query.areas {
        match AreaCode::parse(text).ok().filter(|code| geography.index_of(code).is_some()) {
            None => trouble.push(words::unknown_area(text)),
            Some(code) if codes.contains(&code) => {}
            Some(_) if codes.len() == COMPARED_MAX => {
                trouble.push(words::too_many_compared(COMPARED_MAX, text));
            }
            Some(code) => codes.push(code),
        }
    }
    let mut is_moved = false;
    if !query.q.is_empty() {
        match services.area_called(&query.q) {
            None => trouble.push(words::nothing_found(&query.q)),
            Some(_) if codes.len() == COMPARED_MAX => {
                trouble.push(words::too_many_compared(COMPARED_MAX, &query.q));
            }
            Some(code) => {
                is_moved = trouble.is_empty();
                if !codes.contains(&code) {
                    codes.push(code);
                }
            }
        }
    }
    let comparison = match codes.as_slice() {
        [] => None,
        codes => Some(services.figures.compare(codes).await?),
    };
    let title = |code: &AreaCode| {
        let title = geography.index_of(code).map(|index| geography.title(index).to_owned());
        title.unwrap_or_else(|| code.to_string())
    };
    let areas = codes.iter().map(|code| (code.to_string(), title(code))).collect();
    Ok(ComparePage { areas, comparison, trouble, is_moved })
}
