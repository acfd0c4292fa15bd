//! Search: a combobox with a list of suggestions. Without scripts it is a form that leads to a page.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use metering::api::{SearchAnswer, SearchResult};

use crate::page::{Command, Page};
use crate::reactive::text;
use crate::{api, words};

/// Fewer letters than this find everything and nothing.
const LETTERS_MIN: usize = 2;

/// The pause after which a reader has stopped typing.
const PAUSE: Duration = Duration::from_millis(140);

/// How soon a question that could not be answered is asked again, as long as its list is open.
const AGAIN: Duration = Duration::from_secs(3);

/// What the list shows.
#[derive(Clone, PartialEq)]
enum State {
    Closed,
    Typing,
    Found(Vec<SearchResult>),
    Failed,
}

/// What the parts of the box share.
#[derive(Clone, Copy)]
struct Search {
    page: Page,
    text: RwSignal<String>,
    state: RwSignal<State>,
    active: RwSignal<Option<usize>>,
    /// The number of the last question, of the one whose answer is shown, and of one whose answer is to be opened.
    asked: StoredValue<u32>,
    answered: StoredValue<u32>,
    entered: StoredValue<Option<u32>>,
    pause: StoredValue<Option<TimeoutHandle>>,
}

impl Search {
    fn new() -> Self {
        Self {
            page: Page::get(),
            text: RwSignal::new(String::new()),
            state: RwSignal::new(State::Closed),
            active: RwSignal::new(None),
            asked: StoredValue::new(0),
            answered: StoredValue::new(0),
            entered: StoredValue::new(None),
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
        self.ask_after(PAUSE, text, number);
    }

    async fn ask(self, text: String, number: u32) {
        let answer = api::get::<SearchAnswer>(&format!("/api/v1/search?q={}", api::encode(&text))).await;
        if self.asked.get_value() == number {
            match answer {
                Ok(answer) => {
                    self.answered.set_value(number);
                    self.state.set(State::Found(answer.results));
                    if self.entered.get_value() == Some(number) {
                        self.choose(None);
                    }
                }
                Err(_) => {
                    self.state.set(State::Failed);
                    self.ask_after(AGAIN, text, number);
                }
            }
        }
    }

    fn ask_after(self, pause: Duration, text: String, number: u32) {
        let ask = move || {
            if self.asked.get_value() == number {
                spawn_local(self.ask(text, number));
            }
        };
        self.pause.set_value(set_timeout_with_handle(ask, pause).ok());
    }

    fn step(self, by: isize) {
        let count = self.state.with_untracked(|state| match state {
            State::Found(results) => results.len() as isize,
            _ => 0,
        });
        if count > 0 {
            let from = self.active.get_untracked().map_or(if by > 0 { -1 } else { 0 }, |at| at as isize);
            let number = (from + by).rem_euclid(count) as usize;
            self.active.set(Some(number));
            if let Some(marked) = document().get_element_by_id(&format!("found-{number}")) {
                marked.scroll_into_view_with_bool(false);
            }
        }
    }

    /// Opens what is marked, or the first of what is found of the whole text, which may be on its way.
    fn enter(self) {
        let (number, active) = (self.asked.get_value(), self.active.get_untracked());
        if active.is_some() || self.answered.get_value() == number {
            self.choose(active);
        } else {
            self.entered.set_value(Some(number));
        }
    }

    /// Opens the one with this number, or the first that is on the map.
    fn choose(self, number: Option<usize>) {
        let found = self.state.with_untracked(|state| match (state, number) {
            (State::Found(results), Some(number)) => results.get(number).cloned(),
            (State::Found(results), None) => results.iter().find(|result| result.area.is_some()).cloned(),
            _ => None,
        });
        let Some((label, area)) = found.and_then(|result| Some((result.label, result.area?))) else { return };
        self.text.set(label);
        self.close();
        self.page.change(|view| view.area = Some(area.code.to_string()));
        self.page.command.set(Some(Command::Reveal { code: area.code.to_string(), level: area.level }));
    }

    fn pressed(self, event: &leptos::ev::KeyboardEvent) {
        match event.key().as_str() {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(-1),
            "Enter" => self.enter(),
            // The first one closes the list; another one is the browser's, which empties the field.
            "Escape" if self.state.with_untracked(|state| *state != State::Closed) => self.close(),
            _ => return,
        }
        event.prevent_default();
    }

    /// What the state says beside the suggestions.
    fn note(self) -> String {
        self.state.with(|state| match state {
            State::Closed => String::new(),
            State::Typing => words::search_typing().to_owned(),
            State::Found(results) if results.is_empty() => self.text.with(|text| words::nothing_found(text)),
            State::Found(results) => words::found(results.len()),
            State::Failed => words::search_failed().to_owned(),
        })
    }
}

/// The search box.
#[island]
pub fn SearchBox() -> impl IntoView {
    let search = Search::new();
    let open = move || search.state.with(|state| *state != State::Closed);
    let active =
        text(move || search.active.get().map(|number| format!("found-{number}")).unwrap_or_default());
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
                aria-label=words::search_label()
                placeholder=words::search_hint()
                aria-autocomplete="list"
                aria-expanded=text(move || open().to_string())
                aria-controls="found"
                aria-activedescendant=active
                prop:value=text(move || search.text.get())
                on:input=move |event| search.typed(event_target_value(&event))
                on:keydown=move |event| search.pressed(&event)
                on:blur=move |_| search.close()
            />
            <noscript inner_html=format!("<button>{}</button>", words::search_button())></noscript>
            <div class=text(move || if open() { "found open" } else { "found" }.to_owned())>
                <ul id="found" role="listbox" aria-label=words::search_label()>
                    {move || suggestions(search)}
                </ul>
                <p class="note" role="status">{text(move || search.note())}</p>
            </div>
        </form>
    }
}

fn suggestions(search: Search) -> Vec<impl IntoView + use<>> {
    let results = search.state.with(|state| match state {
        State::Found(results) => results.clone(),
        _ => Vec::new(),
    });
    let row = move |(number, result): (usize, SearchResult)| {
        let outside = result.area.is_none();
        let told = words::found_detail(&result.detail);
        let detail = match (outside, told.is_empty()) {
            (false, _) => told,
            (true, false) => format!("{told} · {}", words::search_outside()),
            (true, true) => words::search_outside().to_owned(),
        };
        let selected = text(move || (search.active.get() == Some(number)).to_string());
        // Pressing must not take the focus away from the field, or the list closes before the click.
        view! {
            <li
                id=format!("found-{number}")
                role="option"
                aria-selected=selected
                aria-disabled=outside.to_string()
                on:mousedown=|event| event.prevent_default()
                on:click=move |_| search.choose(Some(number))
            >
                <strong>{result.label}</strong>
                <span>{detail}</span>
            </li>
        }
    };
    results.into_iter().enumerate().map(row).collect()
}
