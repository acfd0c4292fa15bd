//! Where the page's files are. Their names carry a hash of their content, which only the build knows.

/// URL paths of what the page loads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetUrls {
    /// The JavaScript glue of the page's program (an ES module).
    pub js: String,
    /// The page's program (WebAssembly).
    pub wasm: String,
    /// The style sheet.
    pub css: String,
    /// What pages that are not the map need besides.
    pub pages_css: String,
    /// The same two of the program that reads somebody's own meter data.
    pub own_data_js: String,
    /// Likewise.
    pub own_data_wasm: String,
    /// Leaflet's script.
    pub leaflet_js: String,
    /// Leaflet's style sheet.
    pub leaflet_css: String,
}
