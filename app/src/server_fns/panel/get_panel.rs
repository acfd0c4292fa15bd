//! The panel's content.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::components::{PanelContent, PanelData};
use crate::error::AppError;
use crate::site_map::PanelPart;
use crate::view_state::View;

/// The panel's content for a URL of the map page, and a day of the week (`weekday` where it is empty).
#[server(input = GetUrl, prefix = "/fn", endpoint = "get_panel")]
pub async fn get_panel(url: String, day: String) -> Result<PanelPart, AppError> {
    let services = crate::services::services()?;
    let day = if day.is_empty() { "weekday" } else { day.as_str() };
    let Some(data) = PanelData::ask(&services, &View::parse(&url), day).await else {
        return Ok(PanelPart::default());
    };
    let (title, open, past) = (data.title(), data.open().cloned(), data.past());
    Ok(PanelPart { title, html: view! { <PanelContent data /> }.to_html(), open, past })
}
