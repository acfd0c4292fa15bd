//! What areas are called. Several may be called after one place: then the official name tells them apart.

use std::collections::HashSet;

use crate::{Area, AreaIndex, Geography};

impl Geography {
    /// `Brixton`, or where several areas of the level are called that `Kennington (Southwark 002)`.
    pub fn title(&self, area: AreaIndex) -> &str {
        let titles = self.titles.get_or_init(|| {
            let of_level = |level| titles(self.areas_of(level));
            self.level_indices().flat_map(of_level).collect()
        });
        &titles[area.0 as usize]
    }
}

/// The titles of a level's areas.
fn titles(areas: &[Area]) -> Vec<String> {
    let mut seen = HashSet::new();
    let names = areas.iter().filter_map(|area| area.near.as_deref());
    let shared: HashSet<&str> = names.filter(|name| !seen.insert(*name)).collect();
    let title = |area: &Area| match area.near.as_deref() {
        None => area.name.clone(),
        Some(near) if shared.contains(near) => format!("{near} ({})", area.name),
        Some(near) => near.to_owned(),
    };
    areas.iter().map(title).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_occur_twice_are_explained() {
        let london = Geography::london();
        let named = |name: &str, near: Option<&str>| Area {
            name: name.to_owned(),
            near: near.map(str::to_owned),
            ..london.area(AreaIndex(0)).clone()
        };
        let areas = [
            named("Southwark 002", Some("Kennington")),
            named("Lambeth 011", Some("Brixton")),
            named("Lambeth 006", Some("Kennington")),
            named("Lambeth", None),
        ];
        let expected = ["Kennington (Southwark 002)", "Brixton", "Kennington (Lambeth 006)", "Lambeth"];
        assert_eq!(titles(&areas), expected);
    }

    #[test]
    fn no_two_areas_of_a_level_have_one_title() {
        let london = Geography::london();
        for level in london.level_indices() {
            let all: HashSet<&str> = london.level(level).indices().map(|area| london.title(area)).collect();
            assert_eq!(all.len(), london.areas_of(level).len());
        }
    }
}
