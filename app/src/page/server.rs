//! On the server a page is part of the request that it answers.

use leptos::prelude::{expect_context, provide_context};

use super::Page;

pub(super) fn keep(page: Page) {
    provide_context(page);
}

pub(super) fn get() -> Page {
    expect_context()
}

/// There is no history to add to.
pub(super) fn push(_url: &str) {}
