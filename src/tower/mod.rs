//! A layer for any [`Service`](tower_service::Service) of HTTP requests.

mod body;
mod builder;
mod future;
mod layer;
mod notes;
mod operation;
mod place;
mod service;
mod shared;

pub use body::{BodiesBy, CloneBodies, EmptyBodies, ReplayBody};
pub use builder::ResilienceBuilder;
pub use future::ResponseFuture;
pub use layer::ResilienceLayer;
pub use notes::{AttemptNumber, Notes};
pub use place::{ByType, ErrorsBy, PlaceError};
pub use service::Resilience;

/// Any error, as tower's own middleware takes it.
type BoxError = Box<dyn std::error::Error + Send + Sync>;
