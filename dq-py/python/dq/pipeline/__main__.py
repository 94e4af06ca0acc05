"""The earlier command line: ``python -m dq.pipeline validate -f csv``.

It ends with 0 when all was done, with 1 when something could not be done (a rule failed, the database is missing), and
with 2 when it was called wrongly. Violations alone are no failure, unless ``--fail-on`` says from which severity.
"""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import sys
from collections.abc import Sequence
from pathlib import Path

from dq.exceptions import DqError, NotFoundError
from dq.pipeline import commands
from dq.pipeline.config import PipelineConfig
from dq.pipeline.export import FORMATS
from dq.pipeline.summary import SEVERITIES

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments."""
    top = argparse.ArgumentParser("python -m dq.pipeline", description="Checks the data of a database against rules.")
    top.add_argument("-c", "--config", metavar="PATH", help="the configuration, which must exist")
    top.add_argument("-l", "--log-level", choices=LEVELS, type=str.upper)
    top.add_argument("-v", "--verbose", action="store_true", help="as --log-level DEBUG")
    found = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: found.add_parser(name, help=run.__doc__) for name, run in commands.COMMANDS.items()}
    _validate(made["validate"])
    made["maintenance"].add_argument("-opt", "--optimize", action="store_true")
    made["config-export"].add_argument("-o", "--output", default="config/current_config.yaml", metavar="PATH")
    explore = made["explore"]
    explore.add_argument("-n", "--sample-size", type=_count, default=10, metavar="ROWS")
    explore.add_argument("-t", "--table", choices=tuple(commands.TABLES))
    monitor = made["monitor"]
    monitor.add_argument("--dashboard", action="store_true", help="write a page")
    monitor.add_argument("--summary", action=argparse.BooleanOptionalAction, default=True)
    monitor.add_argument("--hours", type=_count, default=24)
    monitor.add_argument("-o", "--output", default="reports/monitoring_dashboard.html", metavar="PATH")
    return top


def _validate(validate: argparse.ArgumentParser) -> None:
    validate.add_argument("-r", "--rule", action="append", metavar="NAME", help="run this rule; may be given often")
    validate.add_argument("-p", "--parallel", action=argparse.BooleanOptionalAction, default=True)
    validate.add_argument("-o", "--output-dir", default="reports/validation", metavar="PATH")
    validate.add_argument(
        "-f", "--format", action="append", choices=FORMATS, help="xlsx unless given; may be given often"
    )
    validate.add_argument("-y", "--yes", action="store_true", help="do not ask before all rules run")
    validate.add_argument("--as-of", metavar="DAY", help="today, for rules about dates: YYYY-MM-DD")
    validate.add_argument("--record", action="store_true", help="keep what was found in tables of the database")
    severities = [it.lower() for it in SEVERITIES if it != "INFO"]
    validate.add_argument("--fail-on", choices=severities, type=str.lower, help="end with 1 on such violations")


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 1")
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(arguments)
    if options.command == "validate":
        options.format = options.format or ["xlsx"]
    try:
        if options.config is not None and not Path(options.config).is_file():
            raise NotFoundError(f"there is no configuration `{options.config}`")
        config = PipelineConfig(options.config)
        _log(config, "DEBUG" if options.verbose else options.log_level)
    except (DqError, OSError, ValueError) as error:
        print(f"dq.pipeline: {error}", file=sys.stderr)
        return commands.USAGE
    return commands.run(options, config)


def _log(config: PipelineConfig, level: str | None) -> None:
    """Set up logs as the configuration says: on standard error, and in a file if it names one."""
    section = config.get_logging_config()
    form = logging.Formatter(str(section.get("format") or "%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handlers: list[logging.Handler] = []
    if section.get("console_output", True):
        handlers.append(logging.StreamHandler(sys.stderr))
    if section.get("file_path"):
        path = Path(str(section["file_path"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        size = int(section.get("max_file_size_mb") or 10) << 20
        kept = int(section.get("backup_count") or 5)
        handlers.append(logging.handlers.RotatingFileHandler(path, maxBytes=size, backupCount=kept))
    log = logging.getLogger("dq")
    log.setLevel(level or str(section.get("level") or "WARNING").upper())
    for it in handlers:
        it.setFormatter(form)
        log.addHandler(it)


if __name__ == "__main__":
    sys.exit(main())
