//! What `Metrics` counts is what happened, under the documented names, and never under more of them.

mod board;
mod counts;
mod gauges;
mod origins;
mod recorders;
mod table;

use board::{Board, Kind};
