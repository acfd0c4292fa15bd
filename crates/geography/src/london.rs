//! London, embedded: 33 boroughs, 983 MSOAs, 4,835 LSOAs, with places and postcode sectors around.
//! Where it comes from is told in `data/README.md`; `cargo xtask data london` derives it.

use std::sync::{Arc, LazyLock};

use crate::gazetteer::Gazetteer;
use crate::geography::Geography;

static LONDON: LazyLock<Arc<Geography>> = LazyLock::new(|| {
    let stored = include_bytes!("../../../data/london/geography.bin");
    let mut london = Geography::from_bytes(stored)
        .expect("data/london/geography.bin is part of the build, and a test reads it");
    let places = include_str!("../../../data/london/places.csv");
    let sectors = include_str!("../../../data/london/postcode_sectors.csv");
    london.gazetteer = Gazetteer::parse(places, sectors)
        .expect("data/london/*.csv are part of the build, and a test reads them");
    Arc::new(london)
});

impl Geography {
    /// London. Loaded once, when first asked for.
    pub fn london() -> Arc<Self> {
        Arc::clone(&LONDON)
    }
}
