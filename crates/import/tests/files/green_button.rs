//! Green Button files as others write them, and as nobody should.

use crate::common::{Outcome, read_as};
use import::{Format, ReadingOptions};

fn read(text: &str) -> Outcome {
    read_as(Format::GreenButton, text.as_bytes(), &ReadingOptions::default())
}

const TYPE: &str = "<commodity>1</commodity><flowDirection>1</flowDirection><uom>72</uom>";

fn feed(entries: &str) -> String {
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:e=\"http://naesb.org/espi\">{entries}</feed>")
}

fn entry(links: &[(&str, &str)], content: &str) -> String {
    let links: String =
        links.iter().map(|(rel, href)| format!("<link rel=\"{rel}\" href=\"{href}\"/>")).collect();
    format!("<entry>{links}<content>{content}</content></entry>\n")
}

fn reading_type(fields: &str) -> String {
    format!("<ReadingType xmlns=\"http://naesb.org/espi\">{fields}</ReadingType>")
}

fn block(readings: &str) -> String {
    format!("<IntervalBlock xmlns=\"http://naesb.org/espi\">{readings}</IntervalBlock>")
}

fn reading(start: &str, duration: &str, value: &str) -> String {
    format!(
        "<IntervalReading><timePeriod><duration>{duration}</duration><start>{start}</start></timePeriod>\
         <value>{value}</value></IntervalReading>\n"
    )
}

fn amounts(outcome: &Outcome) -> Vec<i64> {
    outcome.readings.iter().map(|reading| reading.energy.mwh()).collect()
}

#[test]
fn several_types_linked_in_any_order() {
    let point = "R/1/UsagePoint/1";
    let block_of = |meter_reading: u32, value: &str| {
        let up = format!("{point}/MeterReading/{meter_reading}/IntervalBlock");
        entry(&[("self", &format!("{up}/1")), ("up", &up)], &block(&reading("1296547200", "3600", value)))
    };
    let meter_reading = |n: u32| {
        let own = format!("{point}/MeterReading/{n}");
        let content = "<MeterReading xmlns=\"http://naesb.org/espi\"/>";
        entry(
            &[("self", &own), ("related", &format!("{own}/IntervalBlock")), ("related", &format!("T/{n}"))],
            content,
        )
    };
    let delivered = entry(
        &[("self", "T/1")],
        &reading_type(&format!("{TYPE}<powerOfTenMultiplier>-3</powerOfTenMultiplier>")),
    );
    let fed_in = entry(&[("self", "T/2")], &reading_type("<flowDirection>19</flowDirection><uom>72</uom>"));
    let parts = [block_of(1, "385"), block_of(2, "7"), meter_reading(1), meter_reading(2), delivered, fed_in];
    for order in [[0, 1, 2, 3, 4, 5], [2, 4, 3, 5, 1, 0], [5, 4, 3, 2, 1, 0], [2, 3, 0, 1, 4, 5]] {
        let outcome = read(&feed(&order.map(|at| parts[at].as_str()).concat()));
        assert_eq!(amounts(&outcome), [385], "{order:?} {outcome:?}");
        assert_eq!(outcome.refused.len(), 1);
        assert!(outcome.refused[0].contains("reverse flow"), "{:?}", outcome.refused);
    }
}

#[test]
fn without_links_a_block_is_of_the_type_before_it() {
    let delivered = entry(&[], &reading_type(TYPE));
    let kilo = entry(&[], &reading_type(&format!("{TYPE}<powerOfTenMultiplier>3</powerOfTenMultiplier>")));
    let one = |start: &str| entry(&[], &block(&reading(start, "900", "2")));
    let outcome = read(&feed(&(delivered.clone() + &one("900") + &kilo + &one("1800") + &one("2700"))));
    assert_eq!(amounts(&outcome), [2_000, 2_000_000, 2_000_000]);
    // A type behind the blocks will do where it is the only one.
    assert_eq!(amounts(&read(&feed(&(one("900") + &delivered)))), [2_000]);
    let outcome = read(&feed(&(one("900") + &delivered + &kilo)));
    assert!(outcome.readings.is_empty() && outcome.refused[0].contains("no reading type"), "{outcome:?}");
}

#[test]
fn prefixes_and_char_references_are_xml_like_any_other() {
    let text = "<?xml version='1.0'?><a:feed xmlns:a='http://www.w3.org/2005/Atom' xmlns:e='http://naesb.org/espi'>\
        <a:entry><a:content><e:ReadingType><e:uom>7&#x32;</e:uom></e:ReadingType></a:content></a:entry>\
        <a:entry><a:content><e:IntervalBlock><e:IntervalReading><e:timePeriod><e:duration> 900 </e:duration>\
        <e:start><![CDATA[900]]></e:start></e:timePeriod><e:value>5</e:value></e:IntervalReading></e:IntervalBlock>\
        </a:content></a:entry></a:feed>";
    assert_eq!(amounts(&read(text)), [5_000]);
    // Of another namespace it is something else.
    let outcome = read(&text.replace("http://naesb.org/espi", "http://example.org/espi"));
    assert_eq!(
        outcome.stopped.as_deref(),
        Some("there is no IntervalReading of the namespace http://naesb.org/espi in the file")
    );
}

#[test]
fn what_is_refused_says_where() {
    let check = |readings: &str, expect: &str| {
        let outcome = read(&feed(&(entry(&[], &reading_type(TYPE)) + &entry(&[], &block(readings)))));
        assert_eq!(outcome.refused, [expect], "{outcome:?}");
        assert!(outcome.readings.is_empty());
    };
    check(&reading("900", "900", "-1"), "line 2: value \"-1\" is below zero (negative_energy)");
    check(&reading("900", "900", ""), "line 2: value \"\" is no value (no_value)");
    check(&reading("900", "900", "1.5"), "line 2: value \"1.5\" is not a whole number (bad_energy)");
    check(
        &reading("901", "900", "1"),
        "line 2: start \"901\" is not a multiple of the duration of 900 s (misaligned)",
    );
    check(
        &reading("soon", "900", "1"),
        "line 2: start \"soon\" is not a whole number of seconds (bad_start)",
    );
    check(
        &reading("86400", "86400", "1"),
        "line 2: duration \"86400\" makes a reading of 86400 s; allowed are the divisors of 1800 from 10 up, and 3600 (bad_duration)",
    );
    check(
        &reading("900", "900", "1")
            .replace("</Int", "<ReadingQuality><quality>12</quality></ReadingQuality></Int"),
        "line 2: quality \"12\" is a projection (not_measured)",
    );
    check(
        "<IntervalReading><value>1</value></IntervalReading>",
        "line 2: start \"\" is not a whole number of seconds (bad_start)",
    );
}

#[test]
fn gas_and_a_second_home_are_not_taken_for_the_first() {
    let service = |point: u32, kind: u32| {
        let content = format!(
            "<UsagePoint xmlns=\"http://naesb.org/espi\"><ServiceCategory><kind>{kind}</kind></ServiceCategory></UsagePoint>"
        );
        entry(&[("self", &format!("R/UsagePoint/{point}"))], &content)
    };
    let one = |point: u32, start: &str| {
        let up = format!("R/UsagePoint/{point}/MeterReading/1/IntervalBlock");
        entry(&[("up", &up)], &block(&reading(start, "900", "2")))
    };
    let parts = [
        service(1, 1),
        service(2, 0),
        entry(&[], &reading_type(TYPE)),
        one(1, "900"),
        one(2, "900"),
        one(3, "900"),
        one(2, "1800"),
    ];
    let outcome = read(&feed(&parts.concat()));
    assert_eq!(amounts(&outcome), [2_000, 2_000]);
    assert_eq!(outcome.refused.len(), 2);
    assert!(outcome.refused[0].contains("service \"1\""), "{:?}", outcome.refused);
    assert!(outcome.refused[1].contains("second usage point"), "{:?}", outcome.refused);
}

#[test]
fn bombs_are_refused() {
    let check = |text: &str, expect: &str| {
        let stopped = read(text).stopped.unwrap_or_default();
        assert!(stopped.contains(expect), "{stopped}");
    };
    check("<!DOCTYPE feed [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><feed>&b;</feed>", "a document type");
    check("<feed>&lol;</feed>", "an entity of its own");
    check(&"<a>".repeat(100_000), "elements within elements");
    check(&format!("<feed><title>{}</title></feed>", "x".repeat(1_000_000)), "bytes in one tag or text");
    check(&format!("<feed {}/>", "a=\"1\" ".repeat(1_000_000)), "bytes in one tag or text");
    check(&format!("<feed><!--{}--></feed>", "x".repeat(1_000_000)), "bytes in one tag or text");
    check("<feed>\n<entry>\n</feed>", "line 3: not well-formed XML");
    check("<feed>\n<entry>\n", "cut off");
    check("", "no IntervalReading");
}
