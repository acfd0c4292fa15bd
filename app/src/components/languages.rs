//! The same page in the other languages.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use metering::language::{Language, current};

use crate::language::{PARAMETER, without};

/// A link for each of them. Whoever follows it is spoken to in that language from then on.
#[component]
pub(crate) fn Languages() -> impl IntoView {
    let query = use_location().search.get_untracked();
    let kept = without(query.trim_start_matches('?'));
    let link = |language: Language| {
        let and = if kept.is_empty() { "" } else { "&" };
        let href = format!("?{kept}{and}{PARAMETER}={}", language.code());
        view! {
            <a href=href hreflang=language.tag() lang=language.tag() rel="nofollow" data-lang=language.code()>
                {language.own_name()}
            </a>
        }
    };
    let others = Language::ALL.into_iter().filter(|&language| language != current());
    others.map(link).collect_view()
}
