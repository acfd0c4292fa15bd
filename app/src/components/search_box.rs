//! Search: a combobox with a list of suggestions. Without scripts it is a form that leads to a page.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use metering::api::SearchResult;

use crate::error::AppError;
use crate::page::{Command, Page};
use crate::server_fns::search::search_places;
use crate::words;

/// Fewer letters than this find everything and nothing.
const LETTERS_MIN: usize = 2;

/// The pause after which a reader has stopped typing.
const PAUSE: Duration = Duration::from_millis(140);

/// What the list shows.
#[derive(Clone, PartialEq)]
enum State {
    Closed,
    Typing,
    Found(Vec<SearchResult>),
    Failed(AppError),
}

/// What the parts of the box share.
#[derive(Clone, Copy)]
struct Search {
    text: RwSignal<String>,
    state: RwSignal<State>,
    active: RwSignal<Option<usize>>,
    asked: StoredValue<u32>,
    pause: StoredValue<Option<TimeoutHandle>>,
}

impl Search {
    fn new() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            state: RwSignal::new(State::Closed),
            active: RwSignal::new(None),
            asked: StoredValue::new(0),
            pause: StoredValue::new(None),
        }
    }

    fn close(self) {
        self.asked.update_value(|asked| *asked += 1);
        self.state.set(State::Closed);
        self.active.set(None);
    }

    /// The text has changed: ask when the reader pauses. Only the last question's answer counts.
    fn typed(self, text: String) {
        let letters = text.trim().chars().count();
        self.text.set(text.clone());
        self.active.set(None);
        if let Some(earlier) = self.pause.get_value() {
            earlier.clear();
        }
        if letters < LETTERS_MIN {
            return self.close();
        }
        self.asked.update_value(|asked| *asked += 1);
        let number = self.asked.get_value();
        if self.state.with_untracked(|state| *state == State::Closed) {
            self.state.set(State::Typing);
        }
        let ask = move || {
            spawn_local(async move {
                let answer = search_places(text).await;
                if self.asked.try_get_value() == Some(number) {
                    self.state.set(match answer {
                        Ok(answer) => State::Found(answer.results),
                        Err(error) => State::Failed(error),
                    });
                }
            });
        };
        self.pause.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    }

    fn results(self) -> usize {
        self.state.with(|state| if let State::Found(results) = state { results.len() } else { 0 })
    }

    fn step(self, by: isize) {
        let count = untrack(|| self.results()) as isize;
        if count > 0 {
            let from = self.active.get_untracked().map_or(if by > 0 { -1 } else { 0 }, |at| at as isize);
            self.active.set(Some((from + by).rem_euclid(count) as usize));
        }
    }

    /// Opens what is marked, or the first that is on the map.
    fn choose(self, page: Page, number: Option<usize>) {
        let found = self.state.with_untracked(|state| match (state, number) {
            (State::Found(results), Some(number)) => results.get(number).cloned(),
            (State::Found(results), None) => results.iter().find(|result| result.area.is_some()).cloned(),
            _ => None,
        });
        let Some(result) = found else { return };
        let Some(area) = result.area else { return };
        self.text.set(result.label);
        self.close();
        page.change(|view| view.area = Some(area.code.to_string()));
        page.command.set(Some(Command::Reveal { code: area.code.to_string(), level: area.level }));
    }
}

/// The search box.
#[component]
pub fn SearchBox() -> impl IntoView {
    let page = Page::get();
    let search = Search::new();
    let key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "ArrowDown" => {
            event.prevent_default();
            search.step(1);
        }
        "ArrowUp" => {
            event.prevent_default();
            search.step(-1);
        }
        "Enter" => {
            event.prevent_default();
            search.choose(page, search.active.get_untracked());
        }
        "Escape" => search.close(),
        _ => {}
    };
    let expanded = move || search.state.with(|state| *state != State::Closed);
    let active = move || search.active.get().map(|number| format!("found-{number}"));
    view! {
        <form class="card search" action="/search" role="search">
            <svg class="lens" viewBox="0 0 20 20" aria-hidden="true">
                <circle cx="8.5" cy="8.5" r="5.5" />
                <path d="M12.7 12.7 17 17" />
            </svg>
            <input
                type="search"
                name="q"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                aria-label=words::SEARCH_LABEL
                placeholder=words::SEARCH_HINT
                aria-autocomplete="list"
                aria-expanded=move || if expanded() { "true" } else { "false" }
                aria-controls="found"
                aria-activedescendant=active
                prop:value=move || search.text.get()
                on:input=move |event| search.typed(event_target_value(&event))
                on:keydown=key
                on:blur=move |_| search.close()
            />
            <noscript inner_html=format!("<button>{}</button>", words::SEARCH_BUTTON)></noscript>
            <div class="found" class:open=expanded>
                <ul id="found" role="listbox" aria-label=words::SEARCH_LABEL>
                    {move || suggestions(search, page)}
                </ul>
                <p class="note" role="status">{move || note(search)}</p>
            </div>
        </form>
    }
}

fn suggestions(search: Search, page: Page) -> AnyView {
    let State::Found(results) = search.state.get() else { return ().into_any() };
    let row = move |(number, result): (usize, SearchResult)| {
        let outside = result.area.is_none();
        let detail = if outside { format!("{} · {}", result.detail, words::SEARCH_OUTSIDE) } else { result.detail };
        // Pressing must not take the focus away from the field, or the list closes before the click.
        view! {
            <li
                id=format!("found-{number}")
                role="option"
                aria-selected=move || if search.active.get() == Some(number) { "true" } else { "false" }
                aria-disabled=outside.then_some("true")
                on:mousedown=|event| event.prevent_default()
                on:click=move |_| search.choose(page, Some(number))
            >
                <strong>{result.label}</strong>
                <span>{detail.trim_start_matches(" · ").to_owned()}</span>
            </li>
        }
    };
    results.into_iter().enumerate().map(row).collect_view().into_any()
}

fn note(search: Search) -> String {
    search.state.with(|state| match state {
        State::Closed => String::new(),
        State::Typing => words::SEARCH_TYPING.to_owned(),
        State::Found(results) if results.is_empty() => search.text.with(|text| words::nothing_found(text)),
        State::Found(results) => words::found(results.len()),
        State::Failed(_) => words::SEARCH_FAILED.to_owned(),
    })
}
