//! Circuit breaker, deadline, retry, bulkhead: what keeps a failing dependency from taking its callers along.
