mod exact;
mod health;
mod meters;
mod ops;
mod readings;
mod refusals;
