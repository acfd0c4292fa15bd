//! XML elements out of a reader, numbered by line, with bounds on all that a hostile file may blow up:
//! how much one tag or text may hold, and how deep elements nest. Entities are not expanded at all.

use std::io::{self, BufRead, Read};

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use crate::problem::ImportError;

/// The namespace of ESPI.
pub(super) const ESPI: &str = "http://naesb.org/espi";
const ATOM: &str = "http://www.w3.org/2005/Atom";

/// Bytes of a tag or a text at most. Legal notices in titles are long, but not that long.
const LONGEST_EVENT: usize = 256 * 1024;
/// Elements within elements; real files have nine.
const DEEPEST: usize = 32;
/// Bytes of an element's text that are kept: all that is looked at is a number or a link.
const LONGEST_TEXT: usize = 256;

/// What an element means here; all that is not of Atom or ESPI is `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Entry,
    Link,
    UsagePoint,
    ServiceCategory,
    MeterReading,
    ReadingType,
    IntervalBlock,
    IntervalReading,
    TimePeriod,
    ReadingQuality,
    /// An element of ESPI with nothing but text in it, as far as it is looked at.
    Field(Field),
    Other,
}

/// The fields that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    AccumulationBehaviour,
    Commodity,
    DataQualifier,
    FlowDirection,
    Kind,
    PowerOfTenMultiplier,
    Uom,
    Duration,
    Start,
    Value,
    Quality,
}

fn tag(namespace: Option<&str>, name: &str) -> Tag {
    let field = |field| Tag::Field(field);
    match (namespace, name) {
        (Some(ATOM), "entry") => Tag::Entry,
        (Some(ATOM), "link") => Tag::Link,
        (Some(ESPI), name) => match name {
            "UsagePoint" => Tag::UsagePoint,
            "ServiceCategory" => Tag::ServiceCategory,
            "MeterReading" => Tag::MeterReading,
            "ReadingType" => Tag::ReadingType,
            "IntervalBlock" => Tag::IntervalBlock,
            "IntervalReading" => Tag::IntervalReading,
            "timePeriod" => Tag::TimePeriod,
            "ReadingQuality" => Tag::ReadingQuality,
            "accumulationBehaviour" => field(Field::AccumulationBehaviour),
            "commodity" => field(Field::Commodity),
            "dataQualifier" => field(Field::DataQualifier),
            "flowDirection" => field(Field::FlowDirection),
            "kind" => field(Field::Kind),
            "powerOfTenMultiplier" => field(Field::PowerOfTenMultiplier),
            "uom" => field(Field::Uom),
            "duration" => field(Field::Duration),
            "start" => field(Field::Start),
            "value" => field(Field::Value),
            "quality" => field(Field::Quality),
            _ => Tag::Other,
        },
        _ => Tag::Other,
    }
}

/// The two attributes of a link that are looked at.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) rel: String,
    pub(super) href: String,
}

/// What happens in a document.
#[derive(Debug)]
pub(super) enum Happening {
    Began {
        tag: Tag,
        line: u64,
    },
    Linked(Link),
    /// With the text of the element and the element around it.
    Ended {
        tag: Tag,
        within: Tag,
        text: String,
    },
    EndOfFile,
}

/// Reads happenings.
pub(super) struct Document<R> {
    reader: NsReader<Watched<R>>,
    buffer: Vec<u8>,
    stack: Vec<Tag>,
    text: String,
    /// The end of an element without content, which follows its beginning.
    pending_end: bool,
}

impl<R: BufRead> Document<R> {
    pub(super) fn new(reader: R) -> Self {
        Document {
            reader: NsReader::from_reader(Watched { inner: reader, line: 1, event_bytes: 0 }),
            buffer: Vec::new(),
            stack: Vec::new(),
            text: String::new(),
            pending_end: false,
        }
    }

    /// The line that has been read to.
    pub(super) fn line(&mut self) -> u64 {
        self.reader.get_mut().line
    }

    /// The next thing that happens, of all the things that matter.
    pub(super) fn next(&mut self) -> Result<Happening, ImportError> {
        loop {
            if std::mem::take(&mut self.pending_end) {
                return Ok(self.ended());
            }
            if let Some(happening) = self.step()? {
                return Ok(happening);
            }
        }
    }

    fn step(&mut self) -> Result<Option<Happening>, ImportError> {
        self.buffer.clear();
        self.reader.get_mut().event_bytes = 0;
        let line = self.line();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                let watched = self.reader.get_mut();
                return Err(match error {
                    _ if watched.event_bytes > LONGEST_EVENT => {
                        ImportError::TooMany { line, what: "bytes in one tag or text", bound: LONGEST_EVENT }
                    }
                    quick_xml::Error::Io(error) => {
                        ImportError::Broken {
                            // The one that is begun is not whole.
                            line: watched.line - 1,
                            cause: io::Error::new(error.kind(), error.to_string()),
                        }
                    }
                    cause => ImportError::Xml { line: watched.line, cause },
                });
            }
        };
        let refused = |what| Err(ImportError::XmlRefused { line, what });
        match event {
            Event::Start(_) | Event::Empty(_) if self.stack.len() >= DEEPEST => {
                Err(ImportError::TooMany { line, what: "elements within elements", bound: DEEPEST })
            }
            Event::Start(ref start) | Event::Empty(ref start) => {
                let namespace = match self.reader.resolver().resolve_element(start.name()).0 {
                    ResolveResult::Bound(Namespace(namespace)) => Some(namespace),
                    ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
                };
                let tag = tag(namespace, start.local_name().as_ref());
                self.pending_end = matches!(event, Event::Empty(_));
                self.stack.push(tag);
                self.text.clear();
                if tag == Tag::Link {
                    return Ok(Some(Happening::Linked(link(start))));
                }
                Ok((tag != Tag::Other).then(|| Happening::Began { tag, line: self.reader.get_mut().line }))
            }
            Event::End(_) => Ok(Some(self.ended())),
            Event::Text(text) => {
                keep(&self.stack, &mut self.text, &text.xml10_content());
                Ok(None)
            }
            Event::CData(text) => {
                keep(&self.stack, &mut self.text, &text.xml10_content());
                Ok(None)
            }
            Event::GeneralRef(reference) => {
                let predefined = matches!(reference.as_ref(), "amp" | "lt" | "gt" | "quot" | "apos");
                match reference.resolve_char_ref() {
                    Ok(Some(character)) => {
                        keep(&self.stack, &mut self.text, character.encode_utf8(&mut [0; 4]));
                    }
                    // None of them is part of a number or of a word that is looked for.
                    Ok(None) if predefined => keep(&self.stack, &mut self.text, "&"),
                    _ => return refused("an entity of its own"),
                }
                Ok(None)
            }
            Event::DocType(_) => refused("a document type"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => Ok(None),
            Event::Eof if !self.stack.is_empty() => Err(ImportError::CutOff { line }),
            Event::Eof => Ok(Some(Happening::EndOfFile)),
        }
    }

    fn ended(&mut self) -> Happening {
        let tag = self.stack.pop().unwrap_or(Tag::Other);
        let within = self.stack.last().copied().unwrap_or(Tag::Other);
        Happening::Ended { tag, within, text: std::mem::take(&mut self.text).trim().to_owned() }
    }
}

/// Adds to the text of an element whose text is looked at, as far as there is room.
fn keep(stack: &[Tag], kept: &mut String, text: &str) {
    if matches!(stack.last(), Some(Tag::Field(_))) {
        let room = LONGEST_TEXT.saturating_sub(kept.len());
        kept.extend(text.chars().take(room));
    }
}

fn link(start: &quick_xml::events::BytesStart<'_>) -> Link {
    let mut link = Link::default();
    // Doubled attributes are not looked for: that takes time with the square of their number.
    for attribute in start.attributes().with_checks(false).flatten() {
        let value = || {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or_default();
            value.trim().to_owned()
        };
        match attribute.key.as_ref() {
            "rel" => link.rel = value(),
            "href" => link.href = value(),
            _ => {}
        }
    }
    link
}

/// A reader that counts lines, and fails where one event takes more than it may.
struct Watched<R> {
    inner: R,
    line: u64,
    event_bytes: usize,
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event_bytes > LONGEST_EVENT {
            return Err(io::Error::other("one tag or text is too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed is in the buffer: to look at it again reads nothing.
        if let Ok(available) = self.inner.fill_buf() {
            let passed = &available[..count.min(available.len())];
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        }
        self.event_bytes += count;
        self.inner.consume(count);
    }
}
