//! The one kind of connection to Redis: single, Sentinel, Cluster.
