//! On the server nobody has a file.

use leptos::ev::{DragEvent, Event};
use leptos::prelude::RwSignal;

use super::State;
use crate::own_use::OwnUse;

pub(super) fn remembered() -> Option<OwnUse> {
    None
}

pub(super) fn read_chosen(_event: &Event, _zone: &str, _state: RwSignal<State>) {}

pub(super) fn read_dropped(_event: &DragEvent, _zone: &str, _state: RwSignal<State>) {}

pub(super) fn read_meter(_event: &Event, _zone: &str, _state: RwSignal<State>) {}

pub(super) fn has_file() -> bool {
    false
}

pub(super) fn forget(_state: RwSignal<State>) {}
