//! What a large body costs on its way through several attempts.

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use steadfast::{Client, Clock, ResponseExt};

use crate::serve;

#[test]
fn attempts_share_the_bytes_of_a_body_and_copy_none() {
    let url = serve(answer_all);
    let client = Client::builder().clock(Clock::skipping()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = Bytes::from(vec![b'x'; LENGTH]);
    let post = || {
        let operation = client.post(&url).body(body.clone()).send();
        let response = runtime.block_on(operation).unwrap();
        assert_eq!(response.receipt().unwrap().attempts().len(), ATTEMPTS);
    };
    // The first one makes what the client and its connection keep for good.
    post();
    let allocated = allocation_counter::measure(post).bytes_total;
    println!("{allocated} bytes allocated for {ATTEMPTS} attempts with {LENGTH} bytes each");
    assert!(allocated < LENGTH as u64 / 4, "{allocated} bytes");
}

/// Fails all attempts but the last.
fn answer_all(mut stream: TcpStream) {
    let (mut buffer, mut received, mut requests) = (vec![0; 1 << 16], Vec::new(), 0);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        received.extend_from_slice(&buffer[..count]);
        let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if head.is_some_and(|head| received.len() == head + 4 + LENGTH) {
            received.clear();
            requests += 1;
            let status = if requests % ATTEMPTS == 0 {
                "200 OK"
            } else {
                "503 Service Unavailable"
            };
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
        }
    }
}

const LENGTH: usize = 1 << 20;
const ATTEMPTS: usize = 4;
