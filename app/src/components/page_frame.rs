//! The frame of every page that is not the map.

use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Link;

use super::{Behind, Languages};
use crate::error::AppError;
use crate::islands::ThemeSwitch;
use crate::words;

/// The name and the pages above, the content below.
#[component]
pub(crate) fn PageFrame(
    /// Which page this is: a path, to mark it in the navigation.
    #[prop(optional)]
    here: &'static str,
    /// The content.
    children: Children,
) -> impl IntoView {
    let link = |path: &'static str, text: &'static str| {
        view! { <a href=path aria-current=(path == here).then_some("page")>{text}</a> }
    };
    let style = crate::services::services().ok().map(|services| services.assets.pages_css.clone());
    let style = style.filter(|href| !href.is_empty());
    view! {
        {style.map(|href| view! { <Link rel="stylesheet" href /> })}
        <div class="paper">
            <header class="top">
                <a class="brand" href="/">
                    <span class="mark" aria-hidden="true"></span>
                    {words::NAME}
                </a>
                <nav aria-label=words::nav_label()>
                    {link("/", words::nav_map())}
                    {link("/list", words::nav_list())}
                    {link("/estimate", words::nav_estimate())}
                    {link("/compare", words::nav_compare())}
                    {link("/about", words::nav_about())}
                </nav>
                <ThemeSwitch />
            </header>
            <main id="content"><Behind />{children()}</main>
            <footer class="languages"><Languages /></footer>
        </div>
    }
    .into_any()
}

/// What a page is made of, once it is there; where it can't be had, why, with the status that goes with it.
pub(crate) fn when_there<T, V>(
    page: Resource<Result<T, AppError>>,
    view: impl Fn(T) -> V + Copy + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + Send + 'static,
{
    view! {
        <Transition fallback=|| view! { <p class="note">{words::loading()}</p> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => Either::Left(view(page)),
                    Err(error) => {
                        crate::status::set(error.status());
                        Either::Right(view! { <p class="note" role="status">{words::trouble(&error)}</p> })
                    }
                }
            })}
        </Transition>
    }
}
