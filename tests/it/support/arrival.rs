/// One request as it came over the socket, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) raw: Vec<u8>,
}

impl Arrival {
    pub(crate) fn method(&self) -> String {
        self.word(0)
    }

    pub(crate) fn path(&self) -> String {
        self.word(1)
    }

    /// A header that came exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.values(name);
        assert!(values.len() <= 1, "{name} came {} times", values.len());
        values.into_iter().next()
    }

    pub(crate) fn key(&self) -> Option<String> {
        self.header("idempotency-key")
    }

    /// The body, chunks joined.
    pub(crate) fn body(&self) -> Vec<u8> {
        let body = &self.raw[self.head_len()..];
        if self.header("transfer-encoding").is_some() {
            dechunked(body)
        } else {
            body.to_vec()
        }
    }

    /// All header lines but `Host`, which names the port, in the order in which they came.
    pub(crate) fn head(&self) -> String {
        let head = String::from_utf8_lossy(&self.raw[..self.head_len()]).into_owned();
        head.lines()
            .filter(|line| !line.starts_with("host:"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The names of all headers but `Host`, sorted.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let head = self.head();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut names: Vec<_> = lines.map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names
    }

    fn values(&self, name: &str) -> Vec<String> {
        let head = self.head();
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    fn word(&self, index: usize) -> String {
        let head = String::from_utf8_lossy(&self.raw).into_owned();
        head.split(' ').nth(index).unwrap_or_default().to_owned()
    }

    fn head_len(&self) -> usize {
        head_len(&self.raw).unwrap_or(self.raw.len())
    }
}

pub(super) fn head_len(raw: &[u8]) -> Option<usize> {
    raw.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// True once the head and the whole body it announces are there.
pub(super) fn is_whole(raw: &[u8]) -> bool {
    let Some(head_len) = head_len(raw) else { return false };
    let head = String::from_utf8_lossy(&raw[..head_len]).to_lowercase();
    let body = &raw[head_len..];
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(at) = body.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(&String::from_utf8_lossy(&body[..at]), 16).unwrap();
        whole.extend_from_slice(&body[at + 2..at + 2 + length]);
        body = &body[at + 2 + length + 2..];
    }
    whole
}
