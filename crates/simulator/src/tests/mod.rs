//! Tests of the homes as a whole, on a made-up city with London's published means.

mod calibration;
mod city;
mod homes;
