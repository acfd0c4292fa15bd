//! The server takes the theme from the request's cookie.

pub(super) fn current() -> &'static str {
    ""
}

pub(super) fn choose(_theme: &str) {}
