use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use reqwest::{Request, Response};

use super::fault;
use crate::engine::{Armor, Aside, Followed, HttpExchange, Run, Sent, Transport, boxed};
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

pin_project! {
    /// A request under way. Written by hand, since an `async` block would move what it is made of once more.
    #[project = SendingParts]
    enum Sending<P, M> {
        Reqwest { #[pin] pending: P },
        Memory { #[pin] answer: M },
    }
}

impl<P, M> Future for Sending<P, M>
where
    P: Future<Output = Result<Response, reqwest::Error>>,
    M: Future<Output = Result<Response, Failure>>,
{
    type Output = Sent<Box<Response>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            SendingParts::Reqwest { pending } => match ready!(pending.poll(context)) {
                Ok(answer) => Poll::Ready(Ok(Box::new(answer))),
                Err(error) => Poll::Ready(Err(Box::new(fault::place(error)))),
            },
            SendingParts::Memory { answer } => answer.poll(context).map(|sent| sent.map(Box::new).map_err(Box::new)),
        }
    }
}

impl Transport for Wire {
    fn send(&self, request: Request) -> impl Future<Output = Sent<Box<Response>>> + Send {
        match self {
            Self::Reqwest { client, .. } => Sending::Reqwest {
                pending: client.execute(request),
            },
            Self::Memory(memory) => Sending::Memory {
                answer: memory.send(request),
            },
        }
    }

    fn once<'r>(run: &'r mut Run<'_, HttpExchange<'_, Self>>) -> Aside<'r, Option<Box<Followed>>> {
        boxed(|| run.once())
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
