//! The card of the times, in the browser: the server has made it, and here it lives. Few closures do for all of it, because each
//! part of an island costs the page's program more than this file.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event};

use super::{Span, count, days_of, label, number_of};
use crate::page::Page;
use crate::reactive::watch;
use crate::words;

/// Its parts.
#[derive(Clone)]
struct Card {
    all: Element,
    span: Element,
    slides: Element,
    play: Element,
    sign: Element,
    slider: Element,
    said: Element,
}

impl Card {
    fn find() -> Option<Self> {
        let all = document().query_selector(".times").ok()??;
        let part = |selector| all.query_selector(selector).ok().flatten();
        Some(Card {
            span: part("select")?,
            slides: part("div")?,
            play: part("button")?,
            sign: part("button span")?,
            slider: part("input")?,
            said: part("output")?,
            all,
        })
    }

    /// Shows what the page says.
    fn show(&self, page: Page) {
        let known = page.start.with_value(|start| start.history);
        let (days, playing) = (page.days.get(), page.playing.get());
        hide(&self.all, known.is_none() || !page.measure.get().has_times());
        hide(&self.slides, days.is_none());
        set(&self.span, "value", days.map_or("", |days| Span::of(days).as_str()));
        if let Some((known, days)) = known.zip(days) {
            let said = label(days);
            set(&self.slider, "max", &(count(known, Span::of(days)) - 1).to_string());
            set(&self.slider, "value", &number_of(known, days).to_string());
            set(&self.slider, "ariaValueText", &said);
            self.said.set_text_content(Some(&said));
        }
        let (sign, asks) = match playing {
            true => (words::PAUSE_SIGN, words::times_pause()),
            false => (words::PLAY_SIGN, words::times_play()),
        };
        self.sign.set_text_content(Some(sign));
        set(&self.play, "ariaLabel", asks);
    }

    /// The reader has chosen, or moved the slider.
    fn changed(&self, page: Page, target: &JsValue) {
        let value = Reflect::get(target, &"value".into()).ok().and_then(|value| value.as_string());
        let value = value.unwrap_or_default();
        page.playing.set(false);
        if target == AsRef::<JsValue>::as_ref(&self.slider) {
            return page.go_to(value.parse().unwrap_or(0));
        }
        let known = page.start.with_value(|start| start.history);
        let span = Span::ALL.into_iter().find(|span| span.as_str() == value);
        let days = known.zip(span).map(|(known, span)| days_of(known, span, count(known, span) - 1));
        page.change(|view| view.days = days);
    }
}

fn hide(element: &Element, hidden: bool) {
    // A plain name cannot be refused.
    let _ = element.toggle_attribute_with_force("hidden", hidden);
}

fn set(element: &Element, property: &str, value: &str) {
    // Nor can a text.
    let _ = Reflect::set(element, &property.into(), &value.into());
}

/// Brings it to life.
pub(crate) fn follow(page: Page) {
    let Some(card) = Card::find() else { return };
    let heard = card.clone();
    let handler = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        let Some(target) = event.target() else { return };
        let is_of_play = target.dyn_ref::<Element>().is_some_and(|it| heard.play.contains(Some(it)));
        match event.type_().as_str() {
            "click" if is_of_play => page.play(),
            "input" => heard.changed(page, target.as_ref()),
            _ => {}
        }
    });
    for name in ["click", "input"] {
        let _ = card.all.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    }
    handler.forget();
    watch(move || card.show(page));
}
