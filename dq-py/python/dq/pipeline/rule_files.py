"""Rules in SQL, in the folder layout of the earlier pipeline: ``sql/02_validation/*.sql``."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dq.exceptions import NotFoundError, RulesError
from dq.pipeline.rule_names import canonical

_log = logging.getLogger("dq.pipeline")

FOLDER = Path("sql/02_validation")
"""Where rules in SQL are looked for if no folder is named: below the current folder."""

_HEADER = re.compile(r"^[ \t]*--[ \t]*Query[ \t]+\d+[ \t]*:[ \t]*(.+?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*--[^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class RuleFile:
    """A rule in SQL: its rows are the violations."""

    name: str
    sql: str
    path: str


def load(folder: str | os.PathLike[str]) -> list[RuleFile]:
    """Read the rules of every file, in the order of their names.

    A file with headers ``-- Query N: name`` has a rule for each; any other file is one rule, called after the file
    without ``_checks``. Where two rules have one id the first counts, and the log says so.
    """
    root = Path(folder)
    if not root.is_dir():
        raise NotFoundError(f"cannot read rules: there is no folder `{root}`")
    rules: dict[str, RuleFile] = {}
    for path in sorted(root.glob("*.sql")):
        for rule in split(_text(path), path):
            if rule.name in rules:
                _log.warning("the rule `%s` of `%s` is left out: `%s` has one", rule.name, path, rules[rule.name].path)
            else:
                rules[rule.name] = rule
    return list(rules.values())


def split(text: str, path: str | os.PathLike[str]) -> Iterator[RuleFile]:
    """Return the rules of one file."""
    headers = list(_HEADER.finditer(text))
    file = Path(path)
    if not headers:
        yield _rule(canonical(file.stem.replace("_checks", "")), text, file)
        return
    ends = [*(it.start() for it in headers[1:]), len(text)]
    for header, end in zip(headers, ends, strict=True):
        yield _rule(canonical(header[1]), text[header.end() : end], file)


def _rule(name: str, text: str, path: Path) -> RuleFile:
    if not _COMMENT.sub("", text).strip():
        raise RulesError(f"{path}: the rule `{name}` has no query")
    return RuleFile(name, text.strip().rstrip(";").rstrip(), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulesError(f"{path}: this is not UTF-8") from error
