//! What must not be cached does not compile. A program of its own: it calls the compiler.

#[test]
fn sensitive_values_cannot_be_cached() {
    trybuild::TestCases::new().compile_fail("tests/cache_refused/refused/*.rs");
}
