//! What areas are called. Several may be called after one place: then the official name tells them apart.

use std::collections::HashSet;

use geography::{Area, AreaIndex, Geography, LevelIndex};

/// The titles of a level's areas.
pub(crate) struct Titles<'a> {
    /// Places that more than one area of the level is called after.
    shared: HashSet<&'a str>,
}

impl<'a> Titles<'a> {
    /// Of a level.
    pub(crate) fn of(geography: &'a Geography, level: LevelIndex) -> Self {
        Self::among(geography.areas_of(level).iter().filter_map(|area| area.near.as_deref()))
    }

    fn among(names: impl Iterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        Self { shared: names.filter(|name| !seen.insert(*name)).collect() }
    }

    /// `Brixton`, or where there are several of that name `Kennington (Southwark 002)`.
    pub(crate) fn title(&self, area: &Area) -> String {
        self.combine(area.near.as_deref(), &area.name)
    }

    fn combine(&self, near: Option<&str>, name: &str) -> String {
        match near {
            None => name.to_owned(),
            Some(near) if self.shared.contains(near) => format!("{near} ({name})"),
            Some(near) => near.to_owned(),
        }
    }
}

/// The title of one area.
pub(crate) fn title(geography: &Geography, index: AreaIndex) -> String {
    let area = geography.area(index);
    Titles::of(geography, area.level).title(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_occur_twice_are_explained() {
        let titles = Titles::among(["Kennington", "Brixton", "Kennington"].into_iter());
        assert_eq!(titles.combine(Some("Kennington"), "Southwark 002"), "Kennington (Southwark 002)");
        assert_eq!(titles.combine(Some("Brixton"), "Lambeth 011"), "Brixton");
        assert_eq!(titles.combine(None, "Lambeth"), "Lambeth");
    }

    #[test]
    fn no_two_areas_of_a_level_have_one_title() {
        let london = Geography::london();
        for level in london.level_indices() {
            let titles = Titles::of(&london, level);
            let areas = london.areas_of(level);
            let all: HashSet<String> = areas.iter().map(|area| titles.title(area)).collect();
            assert_eq!(all.len(), areas.len());
        }
    }
}
