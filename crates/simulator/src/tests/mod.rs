//! Tests of the homes as a whole, on a made-up city with London's published means and on London; and of
//! the driver in a world whose time passes at once.

mod calibration;
mod city;
mod driver;
mod homes;
mod london;
mod world;
