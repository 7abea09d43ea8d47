"""From helm's messages to typed errors in the user's words.

Helm exits with 1 for everything, so its text is all there is to go by. The rules lie in `failure_rules` and
`manifest_rules`, in the order in which they are tried; the texts they were written for, from both majors and a real
cluster, are in tests/helm/stderr.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import HelmError, HookFailedError, InvalidManifestError, RolledBackError
from chartgen.helm.failure_rules import OPERATION_RULES, Rule
from chartgen.helm.manifest_rules import MANIFEST_RULES

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.helm.runner import Completed

# `--rollback-on-failure` worked: the release is what it was, or is gone when it was new.
_UNDONE = re.compile(
    r"release \S+ failed, and has been (?P<done>uninstalled|rolled back) due to \S+ being set: (?P<cause>.*)", re.DOTALL
)
# It did not: the cause stands between two texts that are fixed.
_NOT_UNDONE = re.compile(
    r"an error occurred while (?P<undoing>rolling back|uninstalling) the release\. "
    r"original (?:upgrade|install) error: (?P<cause>.*)",
    re.DOTALL,
)
_PREFIX = re.compile(r"(?:INSTALLATION|UPGRADE) FAILED: ")
# What `--debug` adds behind the error on Helm 3: where in helm's own source it arose.
_DEBUG_TAIL = re.compile(r"\n(?:helm\.go:\d+: |github\.com/|helm\.sh/|runtime\.).*", re.DOTALL)
_LINT_FINDING = re.compile(r"^\[(?:ERROR|WARNING)\] (?P<where>[^:]*): (?P<what>.*(?:\n(?!\[|==>|$).*)*)", re.MULTILINE)
# Helm checks the values with the schema twice, and the second time repeats what it said of values.yaml.
_LINT_REPEATS = re.compile(r"templates/: values don't meet the specifications of the schema\(s\)")
_ADVICE = re.compile(r"\s*Use --debug flag to render out invalid YAML\s*$")
_HOOK_LOG = re.compile(r'^level=INFO msg="((?:[^"\\]|\\["\\nrt/]|\\u[0-9a-f]{4})*)"', re.MULTILINE)
_KEEP_TO_LOOK = "without --rollback-on-failure the pods stay, and `chartgen status` shows what they are waiting for"
_LINE_LENGTH_MAX = 500


@dataclass(frozen=True)
class _Subject:
    """What a command was about; missing parts read as a sentence still does."""

    verb: str
    name: str
    namespace: str
    release: str
    timeout: str
    revision: str

    @classmethod
    def of(cls, argv: tuple[str, ...]) -> _Subject:
        words = [word for word in argv[1:] if not word.startswith("--")]
        positional = argv[argv.index("--") + 1 :] if "--" in argv else ()
        name = positional[0] if positional else ""
        revision = _option(argv, "--revision")
        return cls(
            verb=words[0] if words else "",
            name=name,
            namespace=_option(argv, "--namespace"),
            release=f"revision {revision} of release {name}" if revision else f"release {name}",
            timeout=_option(argv, "--timeout"),
            revision=revision,
        )


def error_of(done: Completed) -> HelmError:
    """The error that a failed run of helm amounts to.

    Args:
        done: The run; its exit status is not 0.

    Returns:
        An error of the class that fits, with a message in the user's words and helm's own text in `stderr`.
    """
    subject = _Subject.of(done.argv)
    text = _error_text(done)
    undone = _UNDONE.search(text)
    if undone:
        cause = _classified(undone["cause"], subject, done)
        was_new = undone["done"] == "uninstalled"
        outcome = "nothing of it is left" if was_new else "the release was rolled back to what it was"
        return _derived(RolledBackError, f"{cause.message}; {outcome}", cause, _KEEP_TO_LOOK)
    not_undone = _NOT_UNDONE.search(text)
    if not_undone:
        cause = _classified(not_undone["cause"], subject, done)
        hint = f"see `chartgen status {subject.name}` and `chartgen history {subject.name}` for what is there now"
        return _derived(type(cause), f"{cause.message}; {not_undone['undoing']} failed too", cause, hint)
    return _classified(text, subject, done)


def lint_error(done: Completed, chart: Path) -> InvalidManifestError:
    """The error for a chart that does not pass `lint`, with each finding.

    Args:
        done: The run of `helm lint`; the findings are on its standard output.
        chart: The chart.
    """
    # Helm repeats what it could not load under several headings.
    findings = dict.fromkeys(
        f"{match['where'].strip()}: {_one_line(match['what'])}".removeprefix(": ")
        for match in _LINT_FINDING.finditer(done.stdout)
    )
    if any(each.startswith("values.yaml: ") for each in findings):
        findings = dict.fromkeys(each for each in findings if not _LINT_REPEATS.match(each))
    message = "; ".join(findings) or _error_text(done)
    return InvalidManifestError(
        f"helm lint: {message}",
        argv=done.argv,
        returncode=done.returncode,
        stderr=done.stderr + done.stdout,
        where=str(chart),
    )


def _classified(text: str, subject: _Subject, done: Completed) -> HelmError:
    """The error of the first rule that matches `text`."""
    for rule in (*OPERATION_RULES, *MANIFEST_RULES):
        match = rule.pattern.search(text)
        if match and (rule.verb is None or rule.verb == subject.verb):
            return _from_rule(rule, match, subject, done)
    return HelmError(_one_line(text), argv=done.argv, returncode=done.returncode, stderr=_raw(done))


def _from_rule(rule: Rule, match: re.Match[str], subject: _Subject, done: Completed) -> HelmError:
    words = vars(subject) | {key: _one_line(value or "") for key, value in match.groupdict().items()}
    message = rule.message.format(**words)
    if issubclass(rule.error, HookFailedError) and (last := _test_log_line(done)):
        message = f"{message}: {last}"
    hint = (rule.revision_hint if subject.revision else None) or rule.hint
    return rule.error(
        message,
        argv=done.argv,
        returncode=done.returncode,
        stderr=_raw(done),
        where=words.get("where") or None,
        hint=hint.format(**words) if hint else None,
    )


def _derived(error: type[HelmError], message: str, cause: HelmError, hint: str | None = None) -> HelmError:
    """An error of another class or message with the rest taken from `cause`."""
    derived = error(
        message,
        argv=cause.argv,
        returncode=cause.returncode,
        stderr=cause.stderr,
        where=cause.where,
        hint=hint or cause.hint,
    )
    derived.__cause__ = cause
    return derived


def _error_text(done: Completed) -> str:
    """Helm's error itself: behind the last `Error: `, without log lines before and debug output after it."""
    _, found, text = f"\n{done.stderr}".rpartition("\nError: ")
    if not found:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        ended = f"helm was ended by signal {-done.returncode}" if done.returncode < 0 else "helm failed"
        return f"{ended}: {last}" if last else f"{ended} (exit status {done.returncode}) without a message"
    return _PREFIX.sub("", _ADVICE.sub("", _DEBUG_TAIL.sub("", text)), count=1).strip()


def _raw(done: Completed) -> str:
    """What helm printed; the report and the logs of a failed test are on its standard output."""
    return f"{done.stderr.rstrip()}\n\n{done.stdout}" if "test" in done.argv and done.stdout else done.stderr


def _test_log_line(done: Completed) -> str:
    """What a failed test said last: under `POD LOGS` with --logs, else on stderr, by the hook's log policy."""
    _, _, logs = done.stdout.partition("POD LOGS: ")
    lines = [line.strip() for line in logs.splitlines()[1:] if line.strip()]
    if lines:
        return lines[-1]
    # Helm 3 prints the log as it is; 4 as a record whose text is quoted as in Go, which for text is as in JSON.
    recorded = [json.loads(f'"{match[1]}"') for match in _HOOK_LOG.finditer(done.stderr)]
    plain = [line for line in done.stderr.splitlines() if line and not line.startswith(("Error:", "level=", "\t"))]
    found = [line.strip() for text in recorded or plain for line in text.splitlines() if line.strip()]
    return found[-1] if found else ""


def _one_line(text: str) -> str:
    """`text` on one line: bullets and Go's count of errors left out, and cut where it is no longer read."""
    text = re.sub(r"\d+ errors? occurred:", "", text)
    parts = [part for line in text.splitlines() if (part := re.sub(r"^[\s*]*(?:- )?", "", line).rstrip())]
    line = "; ".join(parts).replace(":; ", ": ")
    return line if len(line) <= _LINE_LENGTH_MAX else f"{line[:_LINE_LENGTH_MAX]} …"


def _option(argv: tuple[str, ...], name: str) -> str:
    """The value of an option in `argv`; empty when it is not there."""
    return argv[argv.index(name) + 1] if name in argv[:-1] else ""
