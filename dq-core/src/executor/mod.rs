//! Runs queries and scans: cache, breaker, deadline, database.
