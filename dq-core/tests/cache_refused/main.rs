//! What must not be cached does not compile. The example of `Sensitive` shows it in every run of the tests;
//! here the compiler's words are held, too.

#[test]
#[ignore = "compiles the crate and its dependencies once more, for minutes: `make soak`"]
fn sensitive_values_cannot_be_cached() {
    trybuild::TestCases::new().compile_fail("tests/cache_refused/refused/*.rs");
}
