//! Pictures of what the pages say, for places where a page can't be shown: SVG, and PNG made of it.

mod area;
mod compared;

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

pub(crate) use area::{InBrief, preview, where_it_is};
pub(crate) use compared::comparison;

/// Colours of the page in light: a picture does not know what is around it. They are those of `style/tokens.css`.
mod colour {
    pub(super) const PAPER: &str = "#f3f4f2";
    pub(super) const CARD: &str = "#ffffff";
    pub(super) const INK: &str = "#14201c";
    pub(super) const SOFT: &str = "#55635d";
    pub(super) const LINE: &str = "#d9dfdc";
    pub(super) const GROUND: &str = "#e7ecea";
    pub(super) const GREEN: &str = "#0d6b4d";
    pub(super) const VIOLET: &str = "#7a4bb5";
    pub(super) const AMBER: &str = "#8a5a06";
}

/// The typeface of the page, in two weights; made of `style/fonts/inter.woff2`, as told there.
const FONTS: [&[u8]; 2] =
    [include_bytes!("../../style/fonts/inter-400.ttf"), include_bytes!("../../style/fonts/inter-700.ttf")];

/// Why a picture could not be made. It would be a mistake of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// What was drawn is no SVG.
    #[error("the drawing is no SVG: {0}")]
    NoSvg(#[from] usvg::Error),
    /// It has no room in memory.
    #[error("a picture of {0} by {1} pixels can't be had")]
    TooLarge(u32, u32),
    /// It can't be written as PNG.
    #[error("the picture can't be written: {0}")]
    NotWritten(String),
}

/// A drawing as PNG, so many pixels to its unit.
pub(crate) fn png(svg: &str, pixels: f32) -> Result<Vec<u8>, PictureError> {
    static TYPEFACE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
        let mut fonts = fontdb::Database::new();
        FONTS.into_iter().for_each(|font| fonts.load_font_data(font.to_vec()));
        Arc::new(fonts)
    });
    let options = usvg::Options { fontdb: TYPEFACE.clone(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size();
    let (width, height) = ((size.width() * pixels).ceil() as u32, (size.height() * pixels).ceil() as u32);
    let mut pixmap = Pixmap::new(width, height).ok_or(PictureError::TooLarge(width, height))?;
    resvg::render(&tree, Transform::from_scale(pixels, pixels), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PictureError::NotWritten(error.to_string()))
}

/// Text in a drawing.
fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// Words in lines of so many letters at most; what a last line has no room for is left out, and that is seen.
fn in_lines(text: &str, letters: usize, lines: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match all.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => all.push(word.to_owned()),
        }
    }
    let is_cut = all.len() > lines;
    all.truncate(lines);
    let last = all.len().saturating_sub(1);
    for (number, line) in all.iter_mut().enumerate() {
        let is_long = line.chars().count() > letters;
        if is_long || is_cut && number == last {
            *line = line.chars().take(letters.saturating_sub(1)).collect::<String>() + "…";
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_into_lines() {
        let check = |text, expect: &[&str]| assert_eq!(in_lines(text, 12, 2), expect, "{text}");
        check("Brixton", &["Brixton"]);
        check("Kennington (Southwark 002)", &["Kennington", "(Southwark…"]);
        check("Llanfairpwllgwyngyll", &["Llanfairpwl…"]);
        check("a b c", &["a b c"]);
        check("", &[]);
    }

    #[test]
    fn colours_are_those_of_the_page() {
        let tokens = include_str!("../../style/tokens.css");
        let (light, _) = tokens.split_once("@media").unwrap();
        for (name, value) in [
            ("paper", colour::PAPER),
            ("card", colour::CARD),
            ("ink", colour::INK),
            ("soft", colour::SOFT),
            ("line", colour::LINE),
            ("ground", colour::GROUND),
            ("green", colour::GREEN),
            ("violet", colour::VIOLET),
            ("amber", colour::AMBER),
        ] {
            assert!(light.contains(&format!("--{name}: {value};")), "{name}");
        }
    }

    #[test]
    fn a_drawing_becomes_a_picture_with_its_letters() {
        let of = |text: &str| {
            let svg = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='200' height='40' font-family='Inter'>\
                 <text x='4' y='30' font-size='24'>{text}</text></svg>"
            );
            png(&svg, 1.0).unwrap()
        };
        let (empty, some) = (of(""), of("3,120 kWh · £68"));
        assert!(
            some.starts_with(b"\x89PNG") && some.len() > empty.len() + 300,
            "{} {}",
            some.len(),
            empty.len()
        );
        assert!(png("<svg", 1.0).is_err());
    }
}
