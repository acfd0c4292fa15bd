//! Writes the stored form.

use super::DEGREE_PARTS;
use crate::gazetteer::Gazetteer;
use crate::geography::Geography;
use crate::grid::Point;
use crate::outline::Outlines;

/// Bytes as they are written.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub(super) fn signed(&mut self, value: i64) {
        self.unsigned(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn front_coded(&mut self, before: &str, text: &str) {
        let shared = before.char_indices().zip(text.chars()).find(|((_, a), b)| a != b);
        let shared = shared.map_or(before.len().min(text.len()), |((at, _), _)| at);
        self.unsigned(shared as u64);
        self.text(&text[shared..]);
    }

    fn step(&mut self, from: Point, to: Point) {
        self.signed(i64::from(to.x) - i64::from(from.x));
        self.signed(i64::from(to.y) - i64::from(from.y));
    }

    pub(super) fn areas(&mut self, geography: &Geography) {
        let mut near: Vec<&str> = geography.areas.iter().filter_map(|area| area.near.as_deref()).collect();
        near.sort_unstable();
        near.dedup();
        self.unsigned(near.len() as u64);
        let mut before = "";
        for &name in &near {
            self.front_coded(before, name);
            before = name;
        }
        for level in geography.level_indices() {
            let (mut code, mut name, mut parent, mut label) = ("", "", -1, Point::default());
            for area in geography.areas_of(level) {
                self.front_coded(code, area.code.as_str());
                self.front_coded(name, &area.name);
                let place = area.near.as_deref().and_then(|name| near.binary_search(&name).ok());
                self.unsigned(place.map_or(0, |place| place as u64 + 1));
                if let Some(around) = area.parent {
                    let place = geography.place_in_level(around) as i64;
                    self.signed(place - parent);
                    parent = place;
                }
                self.step(label, area.label);
                (code, name, label) = (area.code.as_str(), &area.name, area.label);
            }
        }
    }

    pub(super) fn outlines(&mut self, outlines: &Outlines) {
        self.unsigned(outlines.borders.len() as u64);
        let mut at = Point::default();
        let mut before = 0;
        for border in &outlines.borders {
            let [left, right] =
                [border.left, border.right].map(|side| side.map_or(0, |leaf| i64::from(leaf) + 1));
            self.signed(left - before);
            self.signed(right - left);
            before = left;
            self.unsigned(border.line.len() as u64);
            for &point in &border.line {
                self.step(at, point);
                at = point;
            }
        }
    }

    pub(super) fn gazetteer(&mut self, gazetteer: &Gazetteer) {
        let degrees = |to: &mut Self, value: f64| to.signed((value * DEGREE_PARTS).round() as i64);
        let Gazetteer { places, sectors } = gazetteer;
        self.unsigned(places.len() as u64);
        for place in places {
            self.text(&place.name);
            degrees(self, place.lat);
            degrees(self, place.lon);
            self.unsigned(u64::from(place.population));
        }
        self.unsigned(sectors.len() as u64);
        for sector in sectors {
            self.text(&sector.name);
            degrees(self, sector.lat);
            degrees(self, sector.lon);
        }
    }
}
