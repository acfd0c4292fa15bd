//! Makes a page of the list from the map's figures and the geography's names.

use geography::{Area, AreaIndex, Geography};
use metering::api::MapArea;

use super::{ListPage, ListQuery, ListRow, ROWS, Sort};
use crate::error::AppError;
use crate::first_map::first_level;
use crate::services::Services;
use crate::words;

/// The part that was asked for. A page past the end is the last one.
pub(crate) async fn list(services: &Services, mut query: ListQuery) -> Result<ListPage, AppError> {
    let geography = &services.geography;
    let level = query
        .level
        .as_deref()
        .and_then(|name| geography.level_named(name))
        .unwrap_or_else(|| first_level(geography, None));
    let name = geography.level(level).name().to_owned();
    let map = services.figures.map(&name, query.measure, None, None).await?;
    let wanted = query.q.trim().to_lowercase();
    let row = |(index, figure): (AreaIndex, &MapArea)| {
        let area = geography.area(index);
        ListRow {
            code: area.code.to_string(),
            name: area.name.clone(),
            title: geography.title(index).to_owned(),
            parent: parent(geography, area),
            status: figure.status,
            value: figure.value,
        }
    };
    let mut rows: Vec<ListRow> = geography
        .level(level)
        .indices()
        .zip(&map.areas)
        .map(row)
        .filter(|row| matches(row, &wanted))
        .collect();
    sort(&mut rows, query.sort);
    let total = rows.len();
    query.page = query.page.clamp(1, total.div_ceil(ROWS).max(1));
    query.level = Some(name);
    let rows = rows.into_iter().skip((query.page - 1) * ROWS).take(ROWS).collect();
    let levels = geography.levels().iter();
    let levels = levels
        .map(|level| {
            (level.name().to_owned(), crate::format::sentence_case(words::level(&level.names.plural)))
        })
        .collect();
    let status = services.figures.status();
    Ok(ListPage {
        query,
        levels,
        total,
        rows,
        homes: words::homes(status.real_homes.as_deref(), status.simulated_homes),
        credits: status.attribution.join(" · "),
    })
}

fn parent(geography: &Geography, area: &Area) -> Option<String> {
    Some(geography.area(area.parent?).name.clone())
}

fn matches(row: &ListRow, wanted: &str) -> bool {
    let contains = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty()
        || contains(&row.name)
        || contains(&row.code)
        || contains(&row.title)
        || row.parent.as_deref().is_some_and(contains)
}

/// Areas without a figure come last, whichever way figures are sorted.
fn sort(rows: &mut [ListRow], by: Sort) {
    let figure = |row: &ListRow, sign: f64| row.value.map_or(f64::INFINITY, |value| value * sign);
    match by {
        Sort::Name => rows.sort_by(|a, b| a.title.cmp(&b.title).then_with(|| a.name.cmp(&b.name))),
        Sort::Most => rows.sort_by(|a, b| figure(a, -1.0).total_cmp(&figure(b, -1.0))),
        Sort::Least => rows.sort_by(|a, b| figure(a, 1.0).total_cmp(&figure(b, 1.0))),
    }
}

#[cfg(test)]
mod tests {
    use metering::api::Status;

    use super::*;

    fn row(name: &str, value: Option<f64>) -> ListRow {
        let status = if value.is_some() { Status::Measured } else { Status::Suppressed };
        let name = name.to_owned();
        ListRow { code: name.clone(), title: name.clone(), name, parent: None, status, value }
    }

    #[test]
    fn what_has_no_figure_comes_last() {
        let mut rows = [row("a", None), row("b", Some(1.0)), row("c", Some(3.0)), row("d", Some(2.0))];
        let mut check = |by, expect: &str| {
            sort(&mut rows, by);
            assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<String>(), expect);
        };
        check(Sort::Most, "cdba");
        check(Sort::Least, "bdca");
        check(Sort::Name, "abcd");
    }

    #[test]
    fn names_codes_and_parents_match() {
        let mut camden = row("Camden 001", None);
        camden.title = "Kentish Town".to_owned();
        for wanted in ["", "camden", "town", "001"] {
            assert!(matches(&camden, wanted), "{wanted}");
        }
        assert!(!matches(&camden, "hackney"));
    }
}
