//! `wattmap import` as its users run it: processes, files and a server.

mod counted;
mod files;
mod into_the_engine;
mod killed;
mod real_data;
mod through_a_server;
