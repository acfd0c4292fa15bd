//! Reads the stored form, trusting none of it.

use std::collections::HashSet;

use metering::AreaCode;

use super::{DEGREE_PARTS, HEADER};
use crate::area::{Area, AreaIndex, Bounds, Level, LevelIndex};
use crate::error::StoredError;
use crate::gazetteer::{Gazetteer, NamedPlace, PostcodeSector};
use crate::grid::Point;
use crate::outline::{Border, Outlines};

/// Bytes, and how far they are read.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Reader<'_> {
    fn damaged(&self, what: &'static str) -> StoredError {
        StoredError::Damaged { at: HEADER + self.at, what }
    }

    pub(super) fn check(&self, fits: bool, what: &'static str) -> Result<(), StoredError> {
        if fits { Ok(()) } else { Err(self.damaged(what)) }
    }

    fn unsigned(&mut self) -> Result<u64, StoredError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(|| self.damaged("it ends too early"))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.damaged("a number without an end"))
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, StoredError> {
        let value = self.unsigned()?;
        T::try_from(value).map_err(|_| self.damaged("a number that is too large"))
    }

    fn signed(&mut self) -> Result<i64, StoredError> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub(super) fn signed_number(&mut self) -> Result<i32, StoredError> {
        let value = self.signed()?;
        i32::try_from(value).map_err(|_| self.damaged("a number that is too large"))
    }

    /// How many of something follow: never more than there are bytes, so that nothing large is made
    /// room for in vain.
    pub(super) fn count(&mut self) -> Result<usize, StoredError> {
        let count = self.number::<usize>()?;
        self.check(count <= self.bytes.len() - self.at, "a count that is larger than the file")?;
        Ok(count)
    }

    pub(super) fn text(&mut self) -> Result<String, StoredError> {
        let length = self.count()?;
        let text = std::str::from_utf8(&self.bytes[self.at..self.at + length]);
        let text = text.map_err(|_| self.damaged("a text that is not UTF-8"))?.to_owned();
        self.at += length;
        Ok(text)
    }

    fn front_coded(&mut self, before: &str) -> Result<String, StoredError> {
        let shared = self.number::<usize>()?;
        let start = before.get(..shared).ok_or_else(|| self.damaged("a text that shares too much"))?;
        Ok(start.to_owned() + &self.text()?)
    }

    fn step(&mut self, from: Point) -> Result<Point, StoredError> {
        let (dx, dy) = (self.signed_number()?, self.signed_number()?);
        let to = from.x.checked_add(dx).zip(from.y.checked_add(dy));
        to.map(|(x, y)| Point::new(x, y)).ok_or_else(|| self.damaged("a point off the grid"))
    }

    pub(super) fn areas(&mut self, levels: &[Level]) -> Result<Vec<Area>, StoredError> {
        let mut near: Vec<String> = Vec::new();
        for _ in 0..self.count()? {
            let name = self.front_coded(near.last().map_or("", String::as_str))?;
            near.push(name);
        }
        let mut areas: Vec<Area> = Vec::new();
        let mut codes = HashSet::new();
        for (number, level) in levels.iter().enumerate() {
            let (mut code, mut name, mut parent, mut label) =
                (String::new(), String::new(), -1, Point::default());
            for _ in 0..level.count {
                code = self.front_coded(&code)?;
                name = self.front_coded(&name)?;
                let near = match self.number::<usize>()? {
                    0 => None,
                    place => Some(
                        near.get(place - 1).ok_or_else(|| self.damaged("a place that there is not"))?.clone(),
                    ),
                };
                let around = match number.checked_sub(1) {
                    None => None,
                    Some(coarser) => {
                        let step = self.signed()?;
                        self.check(step == 1 || step == 0 && parent >= 0, "areas out of order")?;
                        parent += step;
                        let inside =
                            u32::try_from(parent).ok().filter(|&place| place < levels[coarser].count);
                        let place = inside.ok_or_else(|| self.damaged("a parent that there is not"))?;
                        Some(AreaIndex(levels[coarser].first + place))
                    }
                };
                label = self.step(label)?;
                let parsed = AreaCode::parse(&code).map_err(|_| self.damaged("a code that is none"))?;
                self.check(codes.insert(parsed.clone()), "a code that is there twice")?;
                let level = LevelIndex(number as u8);
                let (name, bounds) = (name.clone(), Bounds::EMPTY);
                areas.push(Area { code: parsed, name, near, level, parent: around, label, bounds });
            }
            let coarser = number.checked_sub(1).map(|coarser| i64::from(levels[coarser].count));
            self.check(coarser.is_none_or(|count| parent + 1 == count), "an area without parts")?;
        }
        Ok(areas)
    }

    pub(super) fn outlines(&mut self, leaves: usize) -> Result<Outlines, StoredError> {
        let mut borders = Vec::new();
        let mut at = Point::default();
        let mut before = 0_i64;
        for _ in 0..self.count()? {
            let left = before.wrapping_add(self.signed()?);
            let right = left.wrapping_add(self.signed()?);
            before = left;
            let (left, right) = (self.side(left, leaves)?, self.side(right, leaves)?);
            self.check(left != right, "a border within an area")?;
            let count = self.count()?;
            self.check(count > 1, "a border of one point")?;
            let mut line = Vec::with_capacity(count);
            for _ in 0..count {
                at = self.step(at)?;
                line.push(at);
            }
            borders.push(Border { line, left, right });
        }
        let outlines = Outlines::of(borders, leaves);
        self.check(outlines.rings.iter().all(|rings| !rings.is_empty()), "an area without an outline")?;
        Ok(outlines)
    }

    /// A side of a border: an area, or the outside.
    fn side(&self, number: i64, leaves: usize) -> Result<Option<u32>, StoredError> {
        let number = u32::try_from(number).ok().filter(|&number| number as usize <= leaves);
        number.map(|number| number.checked_sub(1)).ok_or_else(|| self.damaged("an area that there is not"))
    }

    pub(super) fn gazetteer(&mut self) -> Result<Gazetteer, StoredError> {
        let mut gazetteer = Gazetteer::default();
        for _ in 0..self.count()? {
            let (name, lat, lon) = (self.text()?, self.degrees()?, self.degrees()?);
            gazetteer.places.push(NamedPlace { name, lat, lon, population: self.number()? });
        }
        for _ in 0..self.count()? {
            let (name, lat, lon) = (self.text()?, self.degrees()?, self.degrees()?);
            gazetteer.sectors.push(PostcodeSector { name, lat, lon });
        }
        Ok(gazetteer)
    }

    fn degrees(&mut self) -> Result<f64, StoredError> {
        let parts = self.signed()? as f64;
        Ok(parts / DEGREE_PARTS)
    }
}
