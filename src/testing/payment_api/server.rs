//! The sockets: accepts connections and hands whole requests to the pipeline.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::answer::AnswerBody;
use super::arrival::Arrival;
use super::pipeline::Pipeline;
use crate::testing::tasks::Tasks;
use crate::testing::time;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) operation_header: Arc<str>,
    pub(super) tasks: Tasks,
}

impl Server {
    pub(super) async fn listen(self, listener: TcpListener) {
        loop {
            // An accept fails when the peer has gone already, or descriptors run short: neither ends the server.
            let Ok((stream, _)) = listener.accept().await else {
                time::pause(RETRY).await;
                continue;
            };
            let server = self.clone();
            self.tasks.spawn(async move { server.serve(stream).await });
        }
    }

    async fn serve(self, stream: TcpStream) {
        // Without it an answer can wait 40 ms for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let connections = auto::Builder::new(self.tasks.clone());
        let service = service_fn(move |request| {
            let server = self.clone();
            async move { server.respond(request).await }
        });
        // An error is a client that left, or a scripted crash; both are for the client to notice.
        let _ = connections.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn respond(self, request: Request<Incoming>) -> io::Result<Response<AnswerBody>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let pipeline = Arc::clone(&self.pipeline);
        let arrival = Arrival::read(
            &head,
            &body,
            &pipeline.profile,
            &self.operation_header,
            pipeline.clock.elapsed(),
        );
        let (sender, answer) = oneshot::channel();
        // A task of its own: the handler goes on when the client leaves and hyper drops this future.
        self.tasks.spawn(async move {
            if let Some(answer) = pipeline.handle(arrival).await {
                let _ = sender.send(answer);
            }
        });
        match answer.await {
            Ok(answer) => Ok(answer.into_response()),
            // The connection ends without an answer, as it does when a process dies.
            Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

/// Between two attempts to accept: descriptors do not come back faster.
const RETRY: Duration = Duration::from_millis(1);
