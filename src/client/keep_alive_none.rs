/// Without HTTP/2 there is nothing to ping.
pub(super) fn apply(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}
