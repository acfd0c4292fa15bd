//! What a process can be. Each role is composed here of ports; which engine stands behind them is
//! known to nobody else.

pub mod aggregate;
pub mod run;
