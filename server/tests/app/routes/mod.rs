mod codes;
mod exact;
mod health;
mod meters;
mod ops;
mod page_door;
mod readings;
mod refusals;
