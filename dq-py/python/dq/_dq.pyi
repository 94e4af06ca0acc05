__version__: str

def run(
    source: str,
    rules: str,
    parameters: dict[str, str],
    as_of: str | None,
    sample_limit: int,
    show_values: bool,
    threads: int,
) -> str: ...
def error_classes() -> list[str]: ...
