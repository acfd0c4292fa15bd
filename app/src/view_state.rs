//! What is in the page's URL: everything that can be shared.

use metering::AreaCode;
use metering::api::Measure;

use crate::format::{Day, decimal, fixed};
use crate::times::Days;

/// A place to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Latitude of the centre, degrees.
    pub lat: f64,
    /// Longitude of the centre, degrees.
    pub lng: f64,
    /// Zoom, as web maps count it; with fractions.
    pub zoom: f64,
}

/// The state of the map page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// What the reader has chosen.
    pub measure: Measure,
    /// Of which days; none: of the last year.
    pub days: Option<Days>,
    /// The level that the reader has chosen; none where the zoom decides.
    pub level: Option<String>,
    /// The open area, as the URL names it; not checked.
    pub area: Option<String>,
    /// Areas that are kept in view, likewise.
    pub pins: Vec<String>,
    /// Where the reader has moved the map; none where the whole is shown.
    pub camera: Option<Camera>,
}

/// Areas that are kept in view, at most: as many as can be compared.
pub const PINS_MAX: usize = 4;

impl View {
    /// From a URL: path and query.
    pub fn parse(url: &str) -> Self {
        let path = url.split_once('?').map_or(url, |(path, _)| path);
        Self::read(path, |name| value(url, name))
    }

    /// As [`View::parse`], and whether the URL asks for a measure, days or a level that there is none of, or for a place
    /// that is far from the map (`bounds`: south, west, north, east): they are left out.
    #[cfg(feature = "ssr")]
    pub(crate) fn parse_known(
        url: &str,
        is_level: impl Fn(&str) -> bool,
        [south, west, north, east]: [f64; 4],
    ) -> (Self, bool) {
        let mut view = Self::parse(url);
        let wrong_measure =
            value(url, "measure").is_some_and(|text| !text.is_empty() && choice(text).is_none());
        let dates = ["from", "to"].map(|name| value(url, name).filter(|text| !text.is_empty()));
        let wrong_days = dates != [None, None] && view.days.is_none();
        let wrong_level = view.level.as_deref().is_some_and(|level| !is_level(level));
        if wrong_level {
            view.level = None;
        }
        let near = |at: f64, from: f64, to: f64| (from - (to - from)..=to + (to - from)).contains(&at);
        let wrong_place =
            view.camera.is_some_and(|at| !near(at.lat, south, north) || !near(at.lng, west, east));
        if wrong_place {
            view.camera = None;
        }
        (view, wrong_measure || wrong_days || wrong_level || wrong_place)
    }

    /// From a URL's parts. What cannot be read is left out: an old or mistyped link still opens.
    fn read<'a>(path: &str, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| decimal(get(name)?);
        let camera = match (number("lat"), number("lng"), number("z")) {
            (Some(lat), Some(lng), Some(zoom)) if lat.abs() <= 85.0 && lng.abs() <= 180.0 => {
                Some(Camera { lat, lng, zoom: zoom.clamp(5.0, 18.0) })
            }
            _ => None,
        };
        let path_area = path.strip_prefix("/area/").map(|rest| rest.trim_end_matches('/'));
        let measure = get("measure").and_then(choice).unwrap_or_default();
        let mut pins: Vec<String> = Vec::new();
        for code in
            get("pins").unwrap_or_default().split(',').filter(|code| !code.is_empty() && is_plain(code))
        {
            if pins.len() < PINS_MAX && !pins.iter().any(|pinned| pinned == code) {
                pins.push(code.to_owned());
            }
        }
        let day = |name| Some(Day::parse(get(name)?)?.days());
        let days = day("from").zip(day("to")).filter(|(from, to)| from < to && measure.has_times());
        View {
            measure,
            days: days.map(|(from, to)| [from, to]),
            level: get("level").filter(|level| !level.is_empty()).map(str::to_owned),
            area: path_area.or_else(|| get("area")).filter(|area| !area.is_empty()).map(str::to_owned),
            pins,
            camera,
        }
    }

    /// The area's code, where the URL names one that could exist.
    pub fn area_code(&self) -> Option<AreaCode> {
        AreaCode::parse(self.area.as_deref()?).ok()
    }

    /// What is shown: of some days, what a home uses a day.
    pub fn shown(&self) -> Measure {
        match (self.measure, self.days) {
            (Measure::Annual, Some(_)) => Measure::Daily,
            (measure, _) => measure,
        }
    }

    /// `2026-10-01` and `2026-11-01`, where there are days.
    pub fn ends(&self) -> Option<[String; 2]> {
        Some(self.days?.map(|day| Day::from_days(day).in_digits()))
    }

    /// `from=2026-10-01&to=2026-11-01`, likewise.
    pub fn dates(&self) -> Option<String> {
        let [from, to] = self.ends()?;
        Some(format!("from={from}&to={to}"))
    }

    /// The URL of this view: `/?measure=now&area=E02000371`. Defaults are left out.
    pub fn url(&self) -> String {
        let mut query = Vec::new();
        if self.measure != Measure::default() {
            query.push(format!("measure={}", self.measure.as_str()));
        }
        query.extend(self.dates());
        if let Some(level) = self.level.as_deref().filter(|level| is_plain(level)) {
            query.push(format!("level={level}"));
        }
        if let Some(area) = self.area_code() {
            query.push(format!("area={area}"));
        }
        if !self.pins.is_empty() {
            query.push(format!("pins={}", self.pins.join(",")));
        }
        if let Some(Camera { lat, lng, zoom }) = self.camera {
            // A metre or two, and a fiftieth of a zoom step: enough to come back to the same picture.
            query.push(format!("lat={}&lng={}&z={}", fixed(lat, 5), fixed(lng, 5), fixed(zoom, 2)));
        }
        if query.is_empty() { "/".to_owned() } else { format!("/?{}", query.join("&")) }
    }
}

#[cfg(feature = "ssr")]
impl View {
    /// The same with an area kept in view, or not any more; of too many the oldest goes.
    pub(crate) fn with_pin_changed(&self, code: &str) -> Self {
        let mut view = self.clone();
        view.pins.retain(|pinned| pinned != code);
        if view.pins.len() == self.pins.len() {
            view.pins.push(code.to_owned());
            let over = view.pins.len().saturating_sub(PINS_MAX);
            view.pins.drain(..over);
        }
        view
    }
}

/// A measure that readers choose.
fn choice(text: &str) -> Option<Measure> {
    Measure::parse(text).filter(|measure| Measure::CHOICES.contains(measure))
}

/// The first value of this name in a URL's query.
fn value<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Whether a text needs no escaping in a URL.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_back() {
        for url in [
            "/",
            "/?measure=now",
            "/?from=2026-10-01&to=2026-11-01",
            "/?measure=night_share&from=2026-11-22&to=2026-11-23&area=E09000007",
            "/?measure=night_share&level=lsoa&area=E01000001&lat=51.50735&lng=-0.12776&z=12.50",
            "/?area=E01000001&pins=E09000007,E09000012&lat=51.50735&lng=-0.12776&z=12.50",
        ] {
            assert_eq!(View::parse(url).url(), url);
        }
    }

    #[test]
    fn an_area_has_a_page_of_its_own() {
        assert_eq!(View::parse("/area/E02000371").area.as_deref(), Some("E02000371"));
        assert_eq!(View::parse("/area/E02000371?measure=now").url(), "/?measure=now&area=E02000371");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn pins_come_and_go() {
        let view = View::parse("/?measure=now&pins=a,b,c,d");
        assert_eq!(view.with_pin_changed("b").url(), "/?measure=now&pins=a,c,d");
        assert_eq!(view.with_pin_changed("e").url(), "/?measure=now&pins=b,c,d,e");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn an_unknown_measure_or_level_and_a_place_far_away_are_noticed() {
        let check = |url, clean: &str, wrong| {
            let (view, found) = View::parse_known(url, |level| level == "msoa", [51.29, -0.51, 51.69, 0.33]);
            assert_eq!((view.url().as_str(), found), (clean, wrong), "{url}");
        };
        check("/?level=foo&measure=zzz", "/", true);
        check("/?level=foo&area=E01", "/?area=E01", true);
        check("/?level=msoa&measure=now", "/?measure=now&level=msoa", false);
        check("/?level=&measure=", "/", false);
        check("/?lat=0&lng=0&z=12", "/", true);
        check("/?lat=51.50000&lng=-0.80000&z=9.00", "/?lat=51.50000&lng=-0.80000&z=9.00", false);
        check("/?unknown=x", "/", false);
        check("/?from=2026-10-01&to=2026-11-01", "/?from=2026-10-01&to=2026-11-01", false);
        check("/?from=2026-11-01&to=2026-10-01", "/", true);
        check("/?from=2026-13-01&to=x", "/", true);
        check("/?measure=now&from=2026-10-01&to=2026-11-01", "/?measure=now", true);
        check("/?from=&to=", "/", false);
        check("/?measure=daily", "/", true);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let check = |url, expect: &str| assert_eq!(View::parse(url).url(), expect, "{url}");
        check("/?measure=daily", "/");
        check("/?from=2026-10-01", "/");
        check("/?lat=51&lng=x&z=9", "/");
        check("/?lat=151&lng=0&z=9", "/");
        check("/?lat=51&lng=0&z=99", "/?lat=51.00000&lng=0.00000&z=18.00");
        check("/?area=a%2Fb", "/");
        check("/?pins=,a,b%2F,,c,a,d,e,f", "/?pins=a,c,d,e");
        check("/?level=a&b", "/?level=a");
        assert_eq!(View::parse("/?area=a/b").area.as_deref(), Some("a/b"));
    }
}
