"""The twenty checks that each program makes of the same frame of providers, and what all programs do alike."""

import os
import resource
import sys
from collections.abc import Callable

FILE = "healthcare_providers.parquet"

PRESENT = ["npi_number", "full_name", "last_name", "email", "license_number", "specialty_primary"]
PATTERNS = {
    "provider_id": "^PRV-[0-9]{8}$",
    "npi_number": "^[12][0-9]{9}$",
    "last_name": "^[A-Z][A-Za-z' -]*$",
    "email": r"^[a-z0-9._+-]+@[a-z0-9.-]+\.[a-z]{2,}$",
    "phone_number": r"^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$",
    "license_number": "^[A-Z]{2}[0-9]{6}$",
}
SETS = {"gender": ["M", "F"], "record_status": ["ACTIVE", "INACTIVE", "RETIRED"]}
RANGES = {"years_in_practice": (0, 60), "birth_year": (1930, 2005), "source_confidence": (0, 1)}
UNIQUE = ["provider_id", "npi_number", "email"]

assert len(PRESENT) + len(PATTERNS) + len(SETS) + len(RANGES) + len(UNIQUE) == 20


def measure(load: Callable[[str], object], judge: Callable[[object], dict[str, int]]) -> None:
    """Loads the frame, judges it, and prints each check with its violations, and the CPU-seconds of the judging."""
    frame = load(os.path.join(sys.argv[1], FILE))
    before = _spent()
    counts = judge(frame)
    spent = _spent() - before
    for check, violations in sorted(counts.items()):
        print(check, violations)
    print(f"cpu {spent:.3f}")


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
