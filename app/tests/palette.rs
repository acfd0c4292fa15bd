//! The colours of the style sheet, judged: by readers with the three common colour-vision deficiencies,
//! and by the contrast that WCAG AA asks for.
//!
//! Deficiencies are simulated with the matrices of Machado, Oliveira and Fernandes (2009) at full
//! severity, on linear light; differences are distances in OKLab, where 0.02 is about what a trained eye
//! tells apart side by side. Classes must differ by far more, because a map's areas are small and lie
//! among others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

const TOKENS: &str = include_str!("../../style/tokens.css");

/// The least distance of neighbouring classes, for every kind of vision.
const CLASSES_APART: f64 = 0.065;
/// The least distance of a class and its paler form.
const PALE_APART: f64 = 0.04;

type Colour = [f64; 3];

const VISIONS: [(&str, [[f64; 3]; 3]); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

/// The light theme's tokens, and the dark theme's.
fn themes() -> [(&'static str, HashMap<String, Colour>); 2] {
    let (light, dark) = TOKENS.split_once("@media").unwrap();
    [("light", colours(light)), ("dark", colours(dark))]
}

fn colours(css: &str) -> HashMap<String, Colour> {
    let token = |line: &str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
        Some((name.to_owned(), linear(value.trim_end_matches(';'))?))
    };
    css.lines().filter_map(token).collect()
}

/// `#rrggbb` as linear light.
fn linear(hex: &str) -> Option<Colour> {
    let hex = hex.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let channel = |at: usize| {
        let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).ok()?) / 255.0;
        Some(if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) })
    };
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn seen(colour: Colour, vision: &[[f64; 3]; 3]) -> [f64; 3] {
    let [r, g, b] = vision
        .map(|row| row.iter().zip(colour).map(|(weight, light)| weight * light).sum::<f64>().clamp(0.0, 1.0));
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let luminance = |[r, g, b]: Colour| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

#[test]
fn every_reader_tells_neighbouring_classes_apart() {
    for (theme, tokens) in themes() {
        for (vision, matrix) in &VISIONS {
            let classes: Vec<_> = (0..7).map(|n| seen(tokens[&format!("c{n}")], matrix)).collect();
            for (n, pair) in classes.windows(2).enumerate() {
                let apart = distance(pair[0], pair[1]);
                assert!(apart >= CLASSES_APART, "{theme}, {vision}: c{n} and c{}: {apart:.3}", n + 1);
            }
        }
    }
}

#[test]
fn more_always_stands_out_more() {
    for (theme, tokens) in themes() {
        let ground = seen(tokens["ground"], &VISIONS[0].1)[0];
        for (vision, matrix) in &VISIONS {
            let lightness: Vec<_> = (0..7).map(|n| seen(tokens[&format!("c{n}")], matrix)[0]).collect();
            // Away from the ground, step by step: the scale reads the same in grey.
            let away = if ground > 0.5 { -1.0 } else { 1.0 };
            assert!(lightness.windows(2).all(|pair| (pair[1] - pair[0]) * away > 0.03), "{theme}, {vision}");
        }
    }
}

#[test]
fn a_modelled_class_is_paler_than_its_measured_one() {
    for (theme, tokens) in themes() {
        let all = &VISIONS[0].1;
        for n in 1..7 {
            let (class, pale) = (tokens[&format!("c{n}")], tokens[&format!("p{n}")]);
            let apart = distance(seen(class, all), seen(pale, all));
            assert!(apart >= PALE_APART, "{theme}: c{n} and p{n}: {apart:.3}");
            let from_ground = |colour| distance(seen(colour, all), seen(tokens["ground"], all));
            assert!(from_ground(pale) < from_ground(class), "{theme}: p{n} stands out more than c{n}");
        }
    }
}

#[test]
fn the_outline_of_the_open_area_is_seen_on_every_class() {
    for (theme, tokens) in themes() {
        for n in 0..7 {
            for letter in ['c', 'p'] {
                let class = tokens[&format!("{letter}{n}")];
                // Ink within a halo: one of the two stands out, and the two from each other.
                let best = contrast(tokens["ink"], class).max(contrast(tokens["halo"], class));
                assert!(best >= 3.0, "{theme}: {letter}{n}: {best:.2}");
            }
        }
        assert!(contrast(tokens["ink"], tokens["halo"]) >= 4.5, "{theme}");
    }
}

#[test]
fn text_has_the_contrast_of_wcag_aa() {
    let pairs = [
        ("ink", "card"),
        ("ink", "paper"),
        ("ink", "wash"),
        ("soft", "card"),
        ("soft", "paper"),
        ("soft", "wash"),
        ("soft", "ground"),
        ("green", "card"),
        ("green", "green-wash"),
        ("amber", "amber-wash"),
        ("amber", "card"),
        ("on-green", "green"),
        ("card", "ink"),
    ];
    for (theme, tokens) in themes() {
        for (text, ground) in pairs {
            let ratio = contrast(tokens[text], tokens[ground]);
            assert!(ratio >= 4.5, "{theme}: {text} on {ground}: {ratio:.2}");
        }
    }
}

#[test]
fn both_ways_to_the_dark_theme_are_the_same() {
    let (_, dark) = TOKENS.split_once("@media").unwrap();
    let (by_device, by_choice) = dark.split_once("[data-theme=\"dark\"]").unwrap();
    assert_eq!(colours(by_device), colours(by_choice));
    assert!(colours(by_device).len() > 25);
}
