//! A URL with several hosts.

use crate::secret::Secret;

/// The URLs of the first server and of the others in `scheme://user@host1,host2:port/database`: all with the same user,
/// database and parameters.
pub(crate) fn split(url: &str) -> (Secret, Vec<Secret>) {
    // A password may hold anything but the last `@`, and parameters may hold commas.
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (base, query) = match rest.split_once('?') {
        Some((base, query)) if !query.contains('@') => (base, Some(query)),
        _ => (rest, None),
    };
    let (user, place) = base.rsplit_once('@').map_or(("", base), |(user, place)| (user, place));
    let (hosts, database) = place.split_once('/').map_or((place, ""), |it| it);
    if !hosts.contains(',') {
        return (url.into(), Vec::new());
    }
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    let query = query.map_or(String::new(), |it| format!("?{it}"));
    let mut urls = hosts
        .split(',')
        .filter(|it| !it.is_empty())
        .map(|host| Secret::new(format!("{scheme}://{user}{host}/{database}{query}")));
    (urls.next().unwrap_or_else(|| url.into()), urls.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> Vec<String> {
        let (first, others) = split(url);
        [first].into_iter().chain(others).map(|it| it.expose().to_owned()).collect()
    }

    #[test]
    fn hosts_share_everything_else() {
        assert_eq!(
            parts("postgres://u:p,w@a,b:5433,[::1]:5434/d?sslmode=require"),
            [
                "postgres://u:p,w@a/d?sslmode=require",
                "postgres://u:p,w@b:5433/d?sslmode=require",
                "postgres://u:p,w@[::1]:5434/d?sslmode=require",
            ]
        );
        assert_eq!(parts("postgres://a,b"), ["postgres://a/", "postgres://b/"]);
    }

    #[test]
    fn one_host_stays_as_it_is() {
        for url in [
            "postgres://u:p,w@a:1/d,e?options=-c%20a,b",
            "postgres:///d",
            "postgres://u:p,@q?w@a/d",
        ] {
            assert_eq!(parts(url), [url]);
        }
    }
}
