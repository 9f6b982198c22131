//! Another origin, to which redirects lead.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A server that keeps what it is sent, word for word.
pub(super) struct Elsewhere {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Elsewhere {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/landing", listener.local_addr()?);
        let heard = Arc::new(Mutex::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, Arc::clone(&heard)));
        Ok(Self { url, heard, tasks })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, and gives what it heard.
    pub(super) async fn stop(mut self) -> Vec<String> {
        self.tasks.shutdown().await;
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn listen(listener: TcpListener, heard: Arc<Mutex<Vec<String>>>) {
    // Dropped with this future, and so are the connections.
    let mut connections = JoinSet::new();
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            connections.spawn(answer(socket, Arc::clone(&heard)));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Takes what comes first for the whole request: they are small.
async fn answer(mut socket: TcpStream, heard: Arc<Mutex<Vec<String>>>) {
    let mut request = vec![0; 16 * 1024];
    let read = socket.read(&mut request).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&request[..read]).into_owned();
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    let _ = socket
        .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        .await;
}
