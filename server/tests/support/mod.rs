//! What all tests of the whole share.
//!
//! | module | what |
//! | --- | --- |
//! | `http` | a client with keys, and its answers |
//! | `app` | the app in this process, whose clock and insides a test can reach |
//! | `sender`, `oracle` | head-end systems that know what was acknowledged, and what aggregates it makes |
//! | `one_edition` | a store that a test has put itself in front of |
//! | `program` | the program as a process that can be signalled and killed |

pub(crate) mod app;
pub(crate) mod http;
mod one_edition;
pub(crate) mod oracle;
pub(crate) mod program;
pub(crate) mod sender;

pub(crate) use app::App;
pub(crate) use http::{Answer, Http, Keys};
pub(crate) use one_edition::OneEdition;
pub(crate) use program::Program;

/// Areas of London: two neighbours in the City, in one MSOA.
pub(crate) const AREA: &str = "E01000001";
pub(crate) const NEIGHBOUR: &str = "E01000002";

/// A reading as the door takes it.
pub(crate) fn reading(meter: &str, start: &str, duration_s: u32, energy_wh: f64) -> serde_json::Value {
    serde_json::json!({ "meter_id": meter, "start": start, "duration_s": duration_s, "energy_wh": energy_wh })
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
