//! What kind of file it is, from its first bytes.

use std::fmt;

use crate::table::{Splitter, guess_delimiter, plain};

/// The kinds of file that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Low Carbon London's own columns.
    LowCarbonLondon,
    /// Two columns, `start` and `value`, in kWh.
    StartValue,
    /// A table with a column for the time and one for the energy.
    Columns,
    /// Green Button: ESPI in XML.
    GreenButton,
    /// A meter, a week and a value for each interval of it in a row.
    WeekMatrix,
    /// Published statistics of areas.
    Statistics,
    /// A table of meters.
    MetersTable,
    /// Meters as the door takes them: JSON, or NDJSON.
    MetersJson,
    /// Areas and their outlines.
    GeoJson,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Readings.
    Readings,
    /// Meters.
    Meters,
    /// Statistics.
    Statistics,
    /// A geography.
    Geography,
}

impl Content {
    /// As in the command.
    pub const fn as_str(self) -> &'static str {
        match self {
            Content::Readings => "readings",
            Content::Meters => "meters",
            Content::Statistics => "statistics",
            Content::Geography => "geography",
        }
    }

    /// What a table is taken for whose columns do not say what they hold: its parser tells which ones are missing.
    /// Readings come in too many forms for that.
    pub const fn only_table(self) -> Option<Format> {
        match self {
            Content::Meters => Some(Format::MetersTable),
            Content::Statistics => Some(Format::Statistics),
            Content::Readings | Content::Geography => None,
        }
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 9] = [
        Format::LowCarbonLondon,
        Format::StartValue,
        Format::Columns,
        Format::GreenButton,
        Format::WeekMatrix,
        Format::Statistics,
        Format::MetersTable,
        Format::MetersJson,
        Format::GeoJson,
    ];

    /// As `--format` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::LowCarbonLondon => "lcl",
            Format::StartValue => "start-value",
            Format::Columns => "csv",
            Format::GreenButton => "green-button",
            Format::WeekMatrix => "week-matrix",
            Format::Statistics => "area-statistics",
            Format::MetersTable => "meters-csv",
            Format::MetersJson => "meters-json",
            Format::GeoJson => "geojson",
        }
    }

    /// From `--format`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// What a file of it is for.
    pub const fn content(self) -> Content {
        match self {
            Format::LowCarbonLondon
            | Format::StartValue
            | Format::Columns
            | Format::GreenButton
            | Format::WeekMatrix => Content::Readings,
            Format::Statistics => Content::Statistics,
            Format::MetersTable | Format::MetersJson => Content::Meters,
            Format::GeoJson => Content::Geography,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why it is not clear what kind of file it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Something packed: it has to be unpacked first.
    #[error("this is a {0} file: unpack it first")]
    Packed(&'static str),
    /// Text in an encoding that is not read.
    #[error("this is {0} text: save it as UTF-8")]
    Encoding(&'static str),
    /// A table whose columns say nothing.
    #[error(
        "the columns {0} do not say what they hold: say --format csv with --start-column and --energy-column, \
         or another --format (lcl, start-value, week-matrix)"
    )]
    Columns(String),
    /// XML of another kind.
    #[error(
        "this is XML, but the first element is {0:?}: Green Button files begin with an Atom feed or entry"
    )]
    Xml(String),
    /// JSON of another kind.
    #[error("this is JSON, but neither GeoJSON nor {{\"meters\":[...]}} nor a meter a line")]
    Json,
    /// Anything else.
    #[error("this begins with {0:?}, which no known format does: say --format")]
    Unknown(String),
}

/// Bytes from the beginning of a file that are enough to recognise it.
pub const HEAD: usize = 16 * 1024;

/// Recognises a file by its first bytes, [`HEAD`] of them or the whole file.
pub fn recognise(head: &[u8]) -> Result<Format, Unrecognised> {
    if let Some(refusal) = by_magic(head) {
        return Err(refusal);
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => {
            let sound = std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default();
            // A character may be cut off at the end of what is here; and one line that is no text is refused by its
            // number, when it comes to that.
            let is_one_piece = sound.trim_start().starts_with(['<', '{', '[']);
            if error.error_len().is_some() && (is_one_piece || !sound.contains('\n')) {
                return Err(Unrecognised::Encoding("not UTF-8"));
            }
            sound
        }
    };
    let text = text.trim_start();
    match text.as_bytes().first() {
        None => Err(Unrecognised::Empty),
        Some(b'<') => xml(text),
        Some(b'{' | b'[') => json(text),
        Some(_) => table(text.lines().next().unwrap_or_default()),
    }
}

fn by_magic(head: &[u8]) -> Option<Unrecognised> {
    const PACKED: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "ZIP (or spreadsheet)"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ", "xz"),
        (b"PAR1", "Parquet"),
    ];
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(Unrecognised::Encoding("UTF-16"));
    }
    PACKED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| Unrecognised::Packed(name))
}

/// The first element of a document, past declaration and comments.
fn xml(text: &str) -> Result<Format, Unrecognised> {
    let mut rest = text;
    let name = loop {
        rest = rest.trim_start();
        let past = |end: &str| rest.find(end).map(|at| &rest[at + end.len()..]);
        rest = if rest.starts_with("<?") {
            past("?>").unwrap_or_default()
        } else if rest.starts_with("<!--") {
            past("-->").unwrap_or_default()
        } else {
            let name = rest.strip_prefix('<').unwrap_or_default();
            break name.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
        };
    };
    match name.rsplit(':').next().unwrap_or_default() {
        "feed" | "entry" | "IntervalBlock" | "!DOCTYPE" => Ok(Format::GreenButton),
        _ => Err(Unrecognised::Xml(name.chars().take(40).collect())),
    }
}

fn json(text: &str) -> Result<Format, Unrecognised> {
    let has = |name: &str| text.contains(&format!("\"{name}\""));
    if has("FeatureCollection") || has("Feature") {
        Ok(Format::GeoJson)
    } else if has("meters") || (has("meter_id") && !has("energy_wh")) {
        Ok(Format::MetersJson)
    } else {
        Err(Unrecognised::Json)
    }
}

fn table(first: &str) -> Result<Format, Unrecognised> {
    let mut row = Splitter::new(guess_delimiter(first));
    if row.split(1, first).is_err() {
        return Err(Unrecognised::Unknown(first.chars().take(40).collect()));
    }
    let names: Vec<String> = row.iter().map(plain).collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    let is_week = |text: &str| text.strip_prefix('w').is_some_and(|n| n.parse::<u8>().is_ok());
    if names.len() > 8 && (is_week(&names[1]) || names[1] == "week") {
        Ok(Format::WeekMatrix)
    } else if names.iter().any(|name| crate::statistics::is_figure_of_a_year(name))
        || (has(crate::statistics::YEAR) && has(crate::statistics::MEAN))
    {
        Ok(Format::Statistics)
    } else if has(&["lclid"]) {
        Ok(Format::LowCarbonLondon)
    } else if names == ["start", "value"] {
        Ok(Format::StartValue)
    } else if has(crate::columns::ENERGY) && (has(crate::columns::START) || has(crate::columns::END)) {
        Ok(Format::Columns)
    } else if has(crate::meters::METER) && (has(crate::meters::AREA) || has(crate::meters::LATITUDE)) {
        Ok(Format::MetersTable)
    } else if names.len() > 1 {
        let shown: Vec<String> = row.iter().take(8).map(|name| format!("{name:?}")).collect();
        Err(Unrecognised::Columns(shown.join(", ").chars().take(200).collect()))
    } else {
        Err(Unrecognised::Unknown(first.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formats_by_their_first_bytes() {
        let check = |head: &str, expect: Format| assert_eq!(recognise(head.as_bytes()), Ok(expect), "{head}");
        check(
            "LCLid,tstp,energy(kWh/hh)\nMAC000002,2012-10-12 00:30:00.0000000, 0 \n",
            Format::LowCarbonLondon,
        );
        check("LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n", Format::LowCarbonLondon);
        check("start,value\n2012-10-12 00:30:00,0.0\n", Format::StartValue);
        check("\u{feff}Meter ID;Start;kWh\n", Format::Columns);
        check("Consumption (kWh),Estimated Cost, Start, End\n", Format::Columns);
        check(
            "<?xml version=\"1.0\"?>\n<!-- x --><feed xmlns=\"http://www.w3.org/2005/Atom\">",
            Format::GreenButton,
        );
        check("<ns1:feed xmlns:ns1=\"http://www.w3.org/2005/Atom\">", Format::GreenButton);
        check("7855756,w44,0.03,0.68,0.57,0.03,1.16,0.88,0.03,0.42\n", Format::WeekMatrix);
        check("LSOA11CD,LSOA11NM,meters_n_2010,total_kWh_2010,mean_kWhpm_2010\n", Format::Statistics);
        check(
            "year,la_name,la_code,msoa_name,msoa_code,meters,consumption_kwh,mean_kwh\n",
            Format::Statistics,
        );
        check("meter_id,area,type,bedrooms,occupants,heating\n", Format::MetersTable);
        check("meter_id,lat,lon\n", Format::MetersTable);
        check("{\"meters\":[", Format::MetersJson);
        check("{\"meter_id\":\"A\",\"area\":\"E01000001\"}\n", Format::MetersJson);
        check("{\"type\":\"FeatureCollection\",\"features\":[", Format::GeoJson);
    }

    #[test]
    fn what_is_not_recognised_says_what_to_do() {
        let check = |head: &[u8], expect: &str| {
            let sentence = recognise(head).unwrap_err().to_string();
            assert!(sentence.contains(expect), "{sentence}");
        };
        check(b"", "empty");
        check(b" \n", "empty");
        check(b"\x1f\x8b\x08", "gzip");
        check(b"PK\x03\x04", "ZIP");
        check(b"\xff\xfes\0t\0", "UTF-16");
        check(b"a\xE9b", "UTF-8");
        check(b"<html>", "\"html\"");
        check(b"{\"a\":1}", "GeoJSON");
        check(b"foo,bar\n1,2\n", "--start-column");
        check(b"hello world", "--format");
    }

    #[test]
    fn names_go_both_ways() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(format));
        }
    }

    proptest! {
        #[test]
        fn never_panics(head in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = recognise(&head);
        }
    }
}
