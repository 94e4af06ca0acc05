//! `api`: the HTTP interface.

use crate::config::key::Key;
use crate::config::kind::{DAY_MS, Kind};

const fn api(path: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key::new(path, kind, meaning).awaits("the HTTP interface")
}

pub(crate) const KEYS: &[Key] = &[
    api("api.host", Kind::Host, "The address to listen on.").default("127.0.0.1"),
    api("api.port", Kind::Whole(1, 65_535), "The port to listen on.").default("8000"),
    api("api.workers", Kind::Whole(1, 1_024), "How many threads answer requests.").default("4"),
    api("api.rate_limiting.default", Kind::Rate, "How often an unknown caller may ask.")
        .default("1000/hour")
        .set_by(&["DQ_RATE_LIMIT_DEFAULT", "RATE_LIMIT_DEFAULT"]),
    api("api.rate_limiting.authenticated", Kind::Rate, "How often a known caller may ask.")
        .default("10000/hour"),
    api("api.rate_limiting.admin", Kind::Rate, "How often an administrator may ask.")
        .default("50000/hour"),
    api(
        "api.rate_limiting.endpoints.*",
        Kind::Rate,
        "How often each caller may ask for what is under this path.",
    ),
    api("api.authentication.jwt_secret", Kind::SigningKey, "What tokens are signed with.")
        .set_by(&["DQ_JWT_SECRET", "JWT_SECRET"]),
    api(
        "api.authentication.jwt_expiry",
        Kind::seconds(1_000, 365 * DAY_MS),
        "How long a token is valid.",
    )
    .default("3600"),
    api(
        "api.authentication.refresh_token_expiry",
        Kind::seconds(1_000, 365 * DAY_MS),
        "How long a token may be renewed.",
    )
    .default("604800"),
    api("api.cors.enabled", Kind::Flag, "Whether pages of other sites may ask.").default("false"),
    api("api.cors.allow_origins", Kind::List(&Kind::Text), "The sites that may."),
    api("api.cors.allow_methods", Kind::List(&Kind::Text), "The methods that they may use."),
    api("api.cors.allow_headers", Kind::List(&Kind::Text), "The headers that they may send."),
    api("api.cors.allow_credentials", Kind::Flag, "Whether they may send cookies.")
        .default("false"),
    api("api.compression.enabled", Kind::Flag, "Whether answers are compressed.").default("true"),
    api("api.compression.minimum_size", Kind::Size(0, 1 << 30), "The size from which they are.")
        .default("1000"),
    api("api.compression.level", Kind::Whole(1, 9), "How hard to try.").default("6"),
];
