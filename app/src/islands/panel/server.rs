//! On the server the panel's content is there already.

use leptos::ev::PointerEvent;
use leptos::html::Div;
use leptos::prelude::{NodeRef, RwSignal};

use crate::page::Page;

pub(super) fn follow(_page: Page, _content: NodeRef<Div>) -> RwSignal<bool> {
    RwSignal::new(false)
}

pub(super) fn hold_pointer(_event: &PointerEvent) {}

pub(super) fn share(_said: RwSignal<&'static str>) {}
