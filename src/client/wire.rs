use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::{Request, Response};

use super::fault;
use crate::engine::{Armor, Transport};
use crate::operation::Failure;

/// What carries requests: reqwest, or a script in memory.
#[derive(Clone)]
pub(crate) enum Wire {
    Reqwest {
        client: reqwest::Client,
        armor: Armor,
    },
    #[cfg_attr(
        not(any(feature = "testing", feature = "middleware")),
        expect(dead_code, reason = "made by the test kit and the adapters alone")
    )]
    Memory(Arc<dyn Memory>),
}

/// Answers requests without a socket.
pub(crate) trait Memory: Send + Sync {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + '_>>;
}

enum Sent<P, M> {
    Reqwest(P),
    Memory(M),
}

impl Transport for Wire {
    fn send(&self, request: Request) -> impl Future<Output = Result<Box<Response>, Failure>> + Send {
        // Called here and not inside the block, so that the future holds no request beside reqwest's own.
        let sent = match self {
            Self::Reqwest { client, .. } => Sent::Reqwest(client.execute(request)),
            Self::Memory(memory) => Sent::Memory(memory.send(request)),
        };
        async move {
            match sent {
                Sent::Reqwest(pending) => match pending.await {
                    Ok(answer) => Ok(Box::new(answer)),
                    Err(error) => Err(fault::place(error)),
                },
                Sent::Memory(answer) => answer.await.map(Box::new),
            }
        }
    }

    fn armor(&self) -> Armor {
        match self {
            Self::Reqwest { armor, .. } => *armor,
            Self::Memory(_) => Armor::Needless,
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reqwest {
                armor: Armor::Needless, ..
            } => "reqwest",
            Self::Reqwest { armor: Armor::Worn, .. } => "reqwest, built elsewhere",
            Self::Memory(_) => "memory",
        })
    }
}
