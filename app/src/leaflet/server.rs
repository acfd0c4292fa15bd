//! The server's map is the picture in the HTML.

use leptos::html::Div;
use leptos::prelude::NodeRef;

use crate::page::Page;

/// Nothing to take over.
pub(crate) fn take_over(_page: Page, _stage: NodeRef<Div>) {}
