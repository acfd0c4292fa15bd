//! Nested areas with shared outlines, and the tables that come with London. Pure: no I/O, no clock.

pub mod reference;
