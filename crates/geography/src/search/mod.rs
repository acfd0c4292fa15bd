//! Finding areas, places and postcodes by what people type: by the beginnings of words, in any order,
//! with a typing mistake or two, by code, by postcode.

mod postcode;
mod words;

use std::cmp::Reverse;

use foldhash::{HashMap, HashMapExt as _};

use crate::area::{AreaIndex, LevelIndex};
use crate::gazetteer::NamedPlace;
use crate::geography::Geography;
use words::Likeness;

/// Characters of a query that are looked at.
const QUERY_MAX: usize = 100;

/// A place or postcode sector that lies in no area (in the river, or just outside) belongs to the
/// nearest one that is at most so far away.
const NEARBY_M: f64 = 1_000.0;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HitKind {
    /// An area itself.
    Area,
    /// A place with a name.
    Place,
    /// The first part of postcodes.
    PostcodeSector,
}

impl HitKind {
    /// As in the answer of a search: `area`, `place` or `postcode_sector`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Place => "place",
            Self::PostcodeSector => "postcode_sector",
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// What it is.
    pub kind: HitKind,
    /// Its name, to be shown.
    pub label: String,
    /// What tells it from others of the same name: "Place in Bromley".
    pub detail: String,
    /// The area to open; none if it lies outside of all.
    pub area: Option<AreaIndex>,
}

/// How good a hit is: the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    mistakes: u8,
    fit: Fit,
    sort: u8,
    population: Reverse<u32>,
    entry: u32,
}

/// How a query fits a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the name, or the code.
    Whole,
    /// It begins the name.
    Beginning,
    /// Its words are in the name.
    Words,
    /// Its words are in the name of the place near.
    Near,
}

#[derive(Debug)]
struct Entry {
    hit: Target,
    /// Words of its name, by their number in the vocabulary.
    words: Vec<u32>,
    /// Words of the name of the place near.
    near: Vec<u32>,
    /// Breaks ties between kinds: the coarsest areas, places, finer areas, the finest.
    sort: u8,
    population: u32,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Area(AreaIndex),
    /// By its number in the gazetteer, with the area that it lies in.
    Place(u32, Option<AreaIndex>),
}

/// All names, by their words.
#[derive(Debug)]
pub(crate) struct SearchIndex {
    vocabulary: Vec<String>,
    entries: Vec<Entry>,
}

impl SearchIndex {
    pub(crate) fn new(geography: &Geography) -> Self {
        let mut index = Self { vocabulary: Vec::new(), entries: Vec::new() };
        let mut numbers = HashMap::new();
        for (area, number) in geography.areas().iter().zip(0..) {
            let finest = area.level == geography.finest();
            let sort = if area.level == geography.coarsest() { 0 } else { 2 + u8::from(finest) };
            let words = index.number(&mut numbers, &area.name);
            let near = if finest { None } else { area.near.as_deref() };
            let near = near.map(|near| index.number(&mut numbers, near)).unwrap_or_default();
            index.entries.push(Entry {
                hit: Target::Area(AreaIndex(number)),
                words,
                near,
                sort,
                population: 0,
            });
        }
        for (place, number) in geography.gazetteer().places.iter().zip(0..) {
            let words = index.number(&mut numbers, &place.name);
            let hit = Target::Place(number, geography.opened_at(place.lat, place.lon));
            // Places outside come after those inside.
            let (sort, population) = match hit {
                Target::Place(_, None) => (4, 0),
                _ => (1, place.population),
            };
            index.entries.push(Entry { hit, words, near: Vec::new(), sort, population });
        }
        index
    }

    fn number(&mut self, numbers: &mut HashMap<String, u32>, name: &str) -> Vec<u32> {
        let number = |word: String| {
            *numbers.entry(word).or_insert_with_key(|word| {
                self.vocabulary.push(word.clone());
                self.vocabulary.len() as u32 - 1
            })
        };
        words::split(name).into_iter().map(number).collect()
    }

    /// The best entries for these words.
    fn find(&self, asked: &[String], limit: usize) -> Vec<(Rank, Target)> {
        // How alike each asked word is to each known one; most names share their words.
        let alike: Vec<Vec<Option<Likeness>>> = asked
            .iter()
            .map(|word| self.vocabulary.iter().map(|known| words::likeness(word, known)).collect())
            .collect();
        let mut found: Vec<(Rank, Target)> = Vec::new();
        for (entry, number) in self.entries.iter().zip(0..) {
            let by_name = fit(&alike, &entry.words);
            let by_near = || fit(&alike, &entry.near).map(|(mistakes, _)| (mistakes, Fit::Near));
            if let Some((mistakes, fit)) = by_name.or_else(by_near) {
                let (sort, population) = (entry.sort, Reverse(entry.population));
                found.push((Rank { mistakes, fit, sort, population, entry: number }, entry.hit));
            }
        }
        found.sort_unstable_by_key(|(rank, _)| *rank);
        found.truncate(limit);
        found
    }
}

/// How asked words fit a name's words: every one of them must be like another one of the name.
fn fit(alike: &[Vec<Option<Likeness>>], words: &[u32]) -> Option<(u8, Fit)> {
    let mut free: Vec<Option<u32>> = words.iter().copied().map(Some).collect();
    let mut mistakes = 0;
    let (mut exact, mut in_order) = (true, true);
    for (place, likeness_to) in alike.iter().enumerate() {
        let likenesses = free.iter().enumerate().filter_map(|(at, word)| {
            let likeness = likeness_to[(*word)? as usize]?;
            Some((likeness, at != place, at))
        });
        let (likeness, elsewhere, at) = likenesses.min()?;
        free[at] = None;
        exact &= matches!(likeness, Likeness::Same);
        in_order &= !elsewhere;
        mistakes += likeness.mistakes();
    }
    let whole = exact && in_order && alike.len() == words.len();
    let fit = if whole {
        Fit::Whole
    } else if in_order {
        Fit::Beginning
    } else {
        Fit::Words
    };
    Some((mistakes, fit))
}

impl Geography {
    /// Finds areas, places and postcodes; the best first.
    pub fn search(&self, query: &str, limit: usize) -> Vec<SearchHit> {
        let query: String = query.chars().take(QUERY_MAX).collect();
        let mut hits: Vec<SearchHit> = self.by_code(query.trim()).into_iter().collect();
        let postcodes = postcode::find(&self.gazetteer().sectors, &query);
        hits.extend(
            postcodes.exact.map(|sector| self.sector_hit(&sector.name, Some((sector.lat, sector.lon)))),
        );
        if let Some(unknown) = postcodes.unknown {
            hits.push(self.sector_hit(&unknown, None));
        }
        let mut asked = words::split(&query);
        // Who has typed "Hackney 0" is on the way to "Hackney 012".
        if asked.len() > 1 {
            asked.pop_if(|last| last.bytes().all(|byte| byte == b'0'));
        }
        if !asked.is_empty() {
            let found = self.search_index().find(&asked, limit);
            hits.extend(found.into_iter().map(|(_, target)| self.hit(target)));
        }
        let beginnings = postcodes.beginnings.into_iter();
        hits.extend(beginnings.map(|sector| self.sector_hit(&sector.name, Some((sector.lat, sector.lon)))));
        let mut seen = std::collections::HashSet::new();
        hits.retain(|hit| seen.insert((hit.kind, hit.label.clone(), hit.detail.clone())));
        hits.truncate(limit);
        hits
    }

    fn by_code(&self, query: &str) -> Option<SearchHit> {
        let as_given = metering::AreaCode::parse(query).ok()?;
        let upper = metering::AreaCode::parse(&query.to_ascii_uppercase()).ok()?;
        let area = self.index_of(&as_given).or_else(|| self.index_of(&upper))?;
        Some(self.hit(Target::Area(area)))
    }

    /// The level whose areas are opened for places and postcodes: the finest is too small for them.
    fn opened_level(&self) -> LevelIndex {
        LevelIndex(self.finest().0.saturating_sub(1))
    }

    fn opened_at(&self, lat: f64, lon: f64) -> Option<AreaIndex> {
        let (leaf, _) = self.nearest_leaf(lat, lon, NEARBY_M)?;
        self.at_level(leaf, self.opened_level())
    }

    fn hit(&self, target: Target) -> SearchHit {
        match target {
            Target::Area(area) => {
                let found = self.area(area);
                let level = &self.level(found.level).names.singular;
                let mut detail = capital(level);
                if let Some(near) = &found.near {
                    detail = format!("{detail} near {near}");
                }
                let around = self.ancestors(area).last().map(|around| &self.area(around).name);
                if let Some(around) = around.filter(|&around| found.near.as_ref() != Some(around)) {
                    detail = format!("{detail}, {around}");
                }
                SearchHit { kind: HitKind::Area, label: found.name.clone(), detail, area: Some(area) }
            }
            Target::Place(number, area) => {
                let NamedPlace { name, .. } = &self.gazetteer().places[number as usize];
                let detail = format!("Place {}", self.whereabouts(area, Some(name)));
                SearchHit { kind: HitKind::Place, label: name.clone(), detail, area }
            }
        }
    }

    fn sector_hit(&self, name: &str, position: Option<(f64, f64)>) -> SearchHit {
        let area = position.and_then(|(lat, lon)| self.opened_at(lat, lon));
        let detail = format!("Postcodes {}", self.whereabouts(area, None));
        SearchHit { kind: HitKind::PostcodeSector, label: name.to_owned(), detail, area }
    }

    /// "in Hackney, near Dalston"; "outside London, or not known here".
    fn whereabouts(&self, area: Option<AreaIndex>, but_not: Option<&str>) -> String {
        let Some(area) = area else { return format!("outside {}, or not known here", self.name()) };
        let around = self.ancestors(area).last().unwrap_or(area);
        let near = self.area(area).near.as_deref().filter(|near| Some(*near) != but_not);
        let near = near.map(|near| format!(", near {near}")).unwrap_or_default();
        format!("in {}{near}", self.area(around).name)
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
