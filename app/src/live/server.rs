//! The server has no connection to itself.

use crate::page::Page;

/// Nothing to follow.
pub fn follow(_page: Page) {}
