# Everything CI runs. `make test` is the one command that a newcomer needs.
.PHONY: test check setup fmt lint doc features rust python bench bench-parquet bench-postgres bench-frames loom soak

test: setup check rust python

check: fmt lint features doc

# Installs what the tests need and the machine lacks; without root it prints the command instead.
setup:
	scripts/setup

fmt:
	cargo fmt --all -- --check

lint:
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Each backend and file format compiles alone, and the core without any.
features:
	cargo check -p dq-core --no-default-features --locked
	cargo check -p dq-core --no-default-features --features sqlite --locked
	cargo check -p dq-core --no-default-features --features postgres --locked
	cargo check -p dq-core --no-default-features --features mysql --locked
	cargo check -p dq-core --no-default-features --features csv --locked
	cargo check -p dq-core --no-default-features --features generate --locked
	cargo check -p dq-core --no-default-features --features parquet --locked
	cargo check -p dq-core --no-default-features --features ipc --locked
	cargo check -p dq-core --no-default-features --features json --locked
	cargo check -p dq-core --no-default-features --features cache --locked
	cargo check -p dq-core --no-default-features --features redis --locked
	cargo check -p dq-core --no-default-features --features tower --locked
	cargo check -p dq-core --no-default-features --features xlsx --locked

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --locked

# Unit, integration and documentation tests. The random cases are the same each time, so that a change is blamed for
# nothing but its own; `make soak` takes others.
rust:
	PROPTEST_RNG_SEED=1 cargo test --workspace --all-features --locked --no-fail-fast

# Builds the wheel, installs it in a fresh virtual environment, and tests it there.
python:
	scripts/test-python

# Prints ratios side by side, for benches/README.md. Takes some minutes; makes its data first.
bench:
	cargo bench -p dq --bench ratio --bench record --bench executor --bench replicas --bench breaker --bench cache --locked

# dq, DuckDB, Polars and DataFusion by turns over the same Parquet files; installs the three below target/.
bench-parquet:
	cargo bench -p dq --bench ratio --locked -- parquet

# dq, pandas, Pandera and Pointblank by turns over the same frame, some minutes; takes the frame of bench-parquet, and installs the three below target/.
bench-frames:
	python3 benches/frames/run.py

# dq, one query per check, and fused queries by turns on a PostgreSQL server of its own, a minute.
bench-postgres:
	cargo bench -p dq --bench ratio --locked -- postgres

# Tries every order in which threads can take the steps of the lock-free parts.
loom:
	RUSTFLAGS="--cfg dq_loom" cargo test -p dq-core --no-default-features --release --target-dir target/loom \
		--test resilience_loom --locked

# The long histories: more cases of every property test.
soak:
	PROPTEST_CASES=20000 cargo test --workspace --all-features --locked
	cargo test -p dq-core --all-features --locked --release --test generate -- --ignored
	DQ_SOAK=1 cargo test -p dq-core --all-features --locked --release --test resilience --test cache
	DQ_SOAK=1 cargo test -p dq-core --all-features --locked --release --test cache_redis history
	DQ_SOAK=1 cargo test -p dq-core --all-features --locked --release --test replicas -- history cycles --test-threads 1
	cargo test -p dq-core --all-features --locked --release --test replicas -- --ignored
	DQ_SOAK=1 cargo test -p dq-core --all-features --locked --release --test shards promises
	cargo test -p dq-core --all-features --locked --test cache_refused -- --ignored
	DQ_EXITS=167 DQ_FUZZ=500000 scripts/test-python
