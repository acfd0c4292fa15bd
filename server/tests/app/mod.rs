//! The real app: on port 0, in a directory of its own, asked over HTTP. Tests mirror the routes.

mod away;
mod commands;
mod documented;
mod idle;
mod lifecycle;
mod live;
mod owners;
mod replay;
mod routes;
