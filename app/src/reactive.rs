//! Reactive closures behind one type each. Every closure of its own type would bring its own copy of the
//! machinery that runs it: a few kilobytes of the page's program each time.

use leptos::prelude::Effect;

/// A text that changes.
pub(crate) type Text = Box<dyn FnMut() -> String + Send>;

/// A yes or no that changes.
pub(crate) type Flag = Box<dyn FnMut() -> bool + Send>;

/// A text that changes.
pub(crate) fn text(get: impl FnMut() -> String + Send + 'static) -> Text {
    Box::new(get)
}

/// A yes or no that changes.
pub(crate) fn flag(get: impl FnMut() -> bool + Send + 'static) -> Flag {
    Box::new(get)
}

/// Runs now, and whenever what it has read changes. In the browser only.
pub(crate) fn watch(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}
