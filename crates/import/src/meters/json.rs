//! Meters as the door takes them: one a line, or all in one document.

use std::io::{BufRead, Read};

use metering::door::{DraftPlace, MeterDraft, ROOMS_MAX};
use metering::{AreaCode, Dwelling, MeterId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::ParsedMeter;
use crate::lines::LONGEST_LINE;
use crate::problem::{ImportError, LineProblem, Reason, Rule};

/// Bytes of a JSON document at most: a million meters. NDJSON and tables have no such bound.
const LONGEST_DOCUMENT: u64 = 128 * 1024 * 1024;

/// A meter as the door takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterJson {
    meter_id: String,
    area: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    #[serde(default)]
    dwelling: Dwelling,
}

/// The meter of one line, or of one item.
pub(super) fn from_json(line: u64, text: &str) -> Result<ParsedMeter, LineProblem> {
    let refuse = |field: &str, value: &str, code: Rule, message: &str| {
        LineProblem::new(line, field, value, Reason::new(code, message))
    };
    let json: MeterJson = serde_json::from_str(text)
        .map_err(|error| refuse("meter", text, Rule::BadJson, &format!("is not a meter: {error}")))?;
    let meter = MeterId::parse(&json.meter_id)
        .map_err(|error| refuse("meter_id", &json.meter_id, Rule::BadMeterId, &error.to_string()))?;
    let place = match (json.area, json.lat, json.lon) {
        (Some(area), None, None) => DraftPlace::Area(
            AreaCode::parse(&area)
                .map_err(|error| refuse("area", &area, Rule::BadArea, &error.to_string()))?,
        ),
        (None, Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
            DraftPlace::Point { lat, lon }
        }
        _ => {
            return Err(refuse(
                "area",
                text,
                Rule::BadPlace,
                "has neither \"area\" nor \"lat\" and \"lon\" on earth",
            ));
        }
    };
    let dwelling = json.dwelling;
    for (field, count) in
        [("dwelling.bedrooms", dwelling.bedrooms), ("dwelling.occupants", dwelling.occupants)]
    {
        if let Some(count) = count.filter(|&count| count > ROOMS_MAX) {
            let rule = format!("is not a whole number from 0 to {ROOMS_MAX}");
            return Err(refuse(field, &count.to_string(), Rule::BadDwelling, &rule));
        }
    }
    Ok(ParsedMeter { draft: MeterDraft { meter, place, dwelling }, line })
}

/// Whether JSON is one document, not a meter a line: it is an array, or its first key is `meters`.
pub(super) fn is_document(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = String::from_utf8_lossy(&head[..head.len().min(LONGEST_LINE)]).into_owned();
    match text.trim_start().strip_prefix('{') {
        None => text.trim_start().starts_with('['),
        Some(rest) => rest.trim_start().starts_with("\"meters\""),
    }
}

#[derive(Deserialize)]
struct DocumentJson<'a> {
    #[serde(borrow)]
    meters: Vec<&'a RawValue>,
}

/// All meters of a document; each is judged by itself.
pub(super) fn read_document(
    reader: impl BufRead,
) -> Result<Vec<Result<ParsedMeter, LineProblem>>, ImportError> {
    let mut text = String::new();
    reader.take(LONGEST_DOCUMENT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_DOCUMENT {
        let what = "bytes in one JSON document: write a meter a line (NDJSON) instead";
        return Err(ImportError::TooMany { line: 1, what, bound: LONGEST_DOCUMENT as usize });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let meters: Vec<&RawValue> = match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text),
        false => serde_json::from_str::<DocumentJson<'_>>(text).map(|document| document.meters),
    }
    .map_err(|error| ImportError::Json { line: error.line() as u64, message: error.to_string() })?;
    let (mut line, mut counted) = (1, 0);
    let parsed = meters.into_iter().map(|raw| {
        // The values are slices of the text: where one begins says in which line.
        let at = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..at]).count() as u64;
        counted = at;
        from_json(line, raw.get())
    });
    Ok(parsed.collect())
}
