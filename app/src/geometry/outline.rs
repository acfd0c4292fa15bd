//! Outlines from their path texts, to know where an area is and whether a point is in it.
//! (Drawing is the browser's: it takes the same texts.)

/// The smallest box around something, in grid units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// West.
    pub x0: i32,
    /// North.
    pub y0: i32,
    /// East.
    pub x1: i32,
    /// South.
    pub y1: i32,
}

impl Bounds {
    const NOTHING: Self = Self { x0: i32::MAX, y0: i32::MAX, x1: i32::MIN, y1: i32::MIN };

    /// Whether the two have a point in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.x0 <= other.x1 && other.x0 <= self.x1 && self.y0 <= other.y1 && other.y0 <= self.y1
    }

    fn add(&mut self, (x, y): (i32, i32)) {
        *self = Self { x0: self.x0.min(x), y0: self.y0.min(y), x1: self.x1.max(x), y1: self.y1.max(y) };
    }
}

/// The rings of an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The box around them.
    pub bounds: Bounds,
    points: Vec<(i32, i32)>,
    /// Where each ring ends in `points`.
    ends: Vec<u32>,
}

impl Outline {
    /// Reads an SVG path of straight lines on whole numbers: `M`, `m`, `L`, `l`, `H`, `h`, `V`, `v`,
    /// `Z`, `z`. None if it is anything else.
    pub fn parse(path: &str) -> Option<Self> {
        let mut outline = Self { bounds: Bounds::NOTHING, points: Vec::new(), ends: Vec::new() };
        let mut numbers = Numbers { text: path.as_bytes(), at: 0 };
        let (mut at, mut start, mut command) = ((0, 0), (0, 0), b'M');
        while let Some(token) = numbers.peek() {
            if token.is_ascii_alphabetic() {
                if !b"MmLlHhVvZz".contains(&token) {
                    return None;
                }
                command = token;
                numbers.at += 1;
                if matches!(command, b'Z' | b'z') {
                    outline.close();
                    at = start;
                }
                continue;
            }
            let from = if command.is_ascii_lowercase() { at } else { (0, 0) };
            at = match command.to_ascii_uppercase() {
                b'M' | b'L' => (from.0 + numbers.next()?, from.1 + numbers.next()?),
                b'H' => (from.0 + numbers.next()?, at.1),
                b'V' => (at.0, from.1 + numbers.next()?),
                _ => return None,
            };
            if matches!(command, b'M' | b'm') {
                outline.close();
                start = at;
                // Further pairs after a move are lines.
                command = if command == b'M' { b'L' } else { b'l' };
            }
            outline.points.push(at);
            outline.bounds.add(at);
        }
        outline.close();
        (!outline.points.is_empty()).then_some(outline)
    }

    fn close(&mut self) {
        let end = self.points.len() as u32;
        if self.ends.last().copied().unwrap_or(0) < end {
            self.ends.push(end);
        }
    }

    /// How many corners it has: what drawing it costs.
    pub fn corners(&self) -> usize {
        self.points.len()
    }

    /// Whether a point is inside, by the even-odd rule (holes are outside). A point on a border
    /// belongs to one of the areas that share it, never to both.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        let crossed =
            |((ax, ay), (bx, by))| (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax;
        self.edges().filter(|edge| crossed(*edge)).count() % 2 == 1
    }

    /// Whether the outline itself, not what it encloses, has a point in a box: west, north, east, south, grid units.
    pub fn crosses(&self, rect: [f64; 4]) -> bool {
        let [west, north, east, south] = rect;
        let Bounds { x0, y0, x1, y1 } = self.bounds;
        let apart =
            east < f64::from(x0) || west > f64::from(x1) || south < f64::from(y0) || north > f64::from(y1);
        !apart && self.edges().any(|edge| passes(edge, rect))
    }

    /// The lines between its corners, each ring closed.
    fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let rings = begins.zip(&self.ends).map(|(begin, &end)| &self.points[begin as usize..end as usize]);
        rings.flat_map(|ring| {
            let before = ring.last().into_iter().chain(ring);
            before.zip(ring).map(|(a, b)| (as_f64(*a), as_f64(*b)))
        })
    }
}

/// A path with each of its whole numbers multiplied.
pub fn scaled(path: &str, by: i32) -> String {
    let mut scaled = String::with_capacity(path.len() + path.len() / 4);
    let mut rest = path;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let (digits, after) =
            number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
        scaled.push_str(before);
        // What is no number of a path stays as it is, and is refused where the path is read.
        match digits.parse::<i32>().ok().and_then(|number| number.checked_mul(by)) {
            Some(number) => scaled.push_str(&number.to_string()),
            None => scaled.push_str(digits),
        }
        rest = after;
    }
    scaled.push_str(rest);
    scaled
}

/// A straight line from here to there.
type Edge = ((f64, f64), (f64, f64));

/// Whether a line has a point in a box: what is left of it is cut off at one side of the box after the other.
fn passes(((ax, ay), (bx, by)): Edge, [west, north, east, south]: [f64; 4]) -> bool {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (start, step, low, high) in [(ax, bx - ax, west, east), (ay, by - ay, north, south)] {
        if step == 0.0 {
            if start < low || start > high {
                return false;
            }
            continue;
        }
        let (enters, leaves) = ((low - start) / step, (high - start) / step);
        from = from.max(enters.min(leaves));
        to = to.min(enters.max(leaves));
    }
    from <= to
}

fn as_f64((x, y): (i32, i32)) -> (f64, f64) {
    (f64::from(x), f64::from(y))
}

/// Whole numbers and letters of a path, one after the other.
struct Numbers<'a> {
    text: &'a [u8],
    at: usize,
}

impl Numbers<'_> {
    /// The next byte that is not a separator.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b',' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<i32> {
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let begin = self.at;
        let mut number = 0_i32;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            number = number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))?;
            self.at += 1;
        }
        (self.at > begin).then_some(if negative { -number } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_all_their_spellings() {
        let square = Outline::parse("M10 10L30 10L30 30L10 30Z").unwrap();
        for same in
            ["M10 10h20v20h-20z", "M10,10l20 0 0 20-20 0z", "m10 10 20 0 0 20-20 0z", "M10 10H30V30H10Z"]
        {
            assert_eq!(Outline::parse(same).as_ref(), Some(&square), "{same}");
        }
        assert_eq!(square.bounds, Bounds { x0: 10, y0: 10, x1: 30, y1: 30 });
        assert_eq!(square.corners(), 4);
    }

    #[test]
    fn other_paths_are_not() {
        for path in ["", "M1", "M1 2C3 4 5 6 7 8z", "M1.5 2z", "M99999999999 1z", "M1 2 x"] {
            assert_eq!(Outline::parse(path), None, "{path}");
        }
    }

    #[test]
    fn paths_are_scaled_number_by_number() {
        assert_eq!(scaled("M10 -1l2 0-3-4z", 4), "M40 -4l8 0-12-16z");
        assert_eq!(scaled("", 4), "");
        assert_eq!(scaled("M99999999999 1z", 2), "M99999999999 2z");
    }

    #[test]
    fn holes_and_islands() {
        let area = Outline::parse("M0 0h10v10h-10zm2 2v6h6v-6zM20 0h5v5h-5z").unwrap();
        assert!(area.contains(1.0, 1.0));
        assert!(!area.contains(5.0, 5.0));
        assert!(area.contains(22.0, 2.0));
        assert!(!area.contains(15.0, 2.0));
    }

    #[test]
    fn a_box_within_an_area_does_not_meet_its_outline() {
        let area = Outline::parse("M0 0h100v100h-100zm40 40v20h20v-20z").unwrap();
        let check = |rect, expect| assert_eq!(area.crosses(rect), expect, "{rect:?}");
        check([10.0, 10.0, 20.0, 20.0], false);
        check([-5.0, 10.0, 5.0, 20.0], true);
        check([45.0, 45.0, 55.0, 55.0], false);
        check([30.0, 45.0, 45.0, 55.0], true);
        check([-50.0, -50.0, 150.0, 150.0], true);
        check([101.0, 0.0, 110.0, 100.0], false);
        // A slope whose box meets the other one, and which does not.
        let slope = Outline::parse("M0 0L100 100L0 100z").unwrap();
        assert!(!slope.crosses([60.0, 10.0, 80.0, 30.0]));
        assert!(slope.crosses([40.0, 30.0, 60.0, 50.0]));
    }

    #[test]
    fn a_border_belongs_to_one_of_two_neighbours() {
        let west = Outline::parse("M0 0h10v10h-10z").unwrap();
        let east = Outline::parse("M10 0h10v10h-10z").unwrap();
        for y in 0..10 {
            let y = f64::from(y);
            assert!(west.contains(10.0, y) ^ east.contains(10.0, y), "{y}");
        }
    }
}
