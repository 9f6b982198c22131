//! Bytes towards the client, at a pace and up to a limit.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::fault::{Fault, Point};
use super::head::ResponseHead;
use crate::testing::time;

/// Writes an answer on, until the point at which a fault strikes.
#[derive(Debug)]
pub(super) struct Outlet<'a, W> {
    writer: &'a mut W,
    /// Bytes until the fault strikes.
    left: Option<u64>,
    pace: Option<Pace>,
}

/// Pieces of so many bytes, with a pause before each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) bytes: usize,
    pub(super) every: Duration,
}

/// Whether these are the last bytes of the answer: its very last byte is never sent before a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Some,
    Last,
}

/// Whether the point of the fault has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Going,
    Reached,
}

impl<'a, W: AsyncWrite + Unpin> Outlet<'a, W> {
    pub(super) fn new(writer: &'a mut W, fault: &Fault, head: &ResponseHead) -> Self {
        let left = fault.point().map(|point| allowance(point, &head.raw));
        Self {
            writer,
            left,
            pace: Pace::of_head(fault),
        }
    }

    pub(super) fn set_pace(&mut self, pace: Option<Pace>) {
        self.pace = pace;
    }

    pub(super) async fn write(&mut self, bytes: &[u8], part: Part) -> io::Result<Progress> {
        let Some(left) = self.left else {
            write_paced(self.writer, bytes, self.pace).await?;
            return Ok(Progress::Going);
        };
        let most = if part == Part::Last {
            bytes.len().saturating_sub(1)
        } else {
            bytes.len()
        };
        let length = usize::try_from(left).map_or(most, |left| left.min(most));
        write_paced(self.writer, &bytes[..length], self.pace).await?;
        self.left = Some(left - length as u64);
        let is_reached = length < bytes.len() || left == length as u64;
        Ok(if is_reached { Progress::Reached } else { Progress::Going })
    }
}

impl Pace {
    pub(super) fn of_head(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::Bandwidth(per_second) => {
                // Fifty pieces a second look even enough; a slower line sends byte by byte.
                let bytes = usize::try_from((per_second / 50).max(1)).unwrap_or(usize::MAX);
                Some(Self {
                    bytes,
                    every: transfer_time(bytes, *per_second),
                })
            }
            _ => None,
        }
    }

    pub(super) fn of_body(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::DripBody { bytes, every } => Some(Self {
                bytes: (*bytes).max(1),
                every: *every,
            }),
            _ => Self::of_head(fault),
        }
    }
}

/// Returns how long `bytes` take at a bandwidth.
pub(super) fn transfer_time(bytes: usize, per_second: u32) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Duration::from_secs(1) * bytes / per_second.max(1)
}

async fn write_paced<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8], pace: Option<Pace>) -> io::Result<()> {
    let size = pace.map_or(bytes.len(), |pace| pace.bytes).max(1);
    for piece in bytes.chunks(size) {
        if let Some(pace) = pace {
            time::pause(pace.every).await;
        }
        writer.write_all(piece).await?;
        writer.flush().await?;
    }
    Ok(())
}

/// Returns how many bytes of the answer come before a point.
fn allowance(point: Point, head: &[u8]) -> u64 {
    let status_line = head
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .map_or(head.len(), |end| end + 2);
    let bytes = match point {
        Point::BeforeReading | Point::BeforeForwarding | Point::AfterExecution => 0,
        Point::StatusLine => b"HTTP/1.1 ".len(),
        // In the middle of a header line, wherever that is.
        Point::Headers => status_line + (head.len() - status_line) / 2,
        Point::Body(bytes) => return head.len() as u64 + bytes,
    };
    bytes as u64
}
