"""Log records as JSON lines on standard error."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Kubernetes keeps the last 4096 bytes of the file.
TERMINATION_LOG_BYTES = 4096

# Of one message this many lines are written in a second, however many clients send nonsense: the node's disk is shared.
LINES_PER_SECOND = 20
MESSAGES = 1000

log = logging.getLogger("chartgen")


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, what `fields` holds, and the traceback, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if left_out := getattr(record, "left_out", 0):
            line["left_out"] = left_out
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Flood(logging.Filter):
    """Lets a bounded number of lines of one message pass in a second; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}  # message -> second, lines in it

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        key = (record.name, str(record.msg)[:100])
        now = int(record.created)
        second, count = self._seen.get(key, (now, 0))
        if now != second:
            record.left_out = max(0, count - LINES_PER_SECOND)
            count = 0
        if key not in self._seen and len(self._seen) >= MESSAGES:
            self._seen.clear()
        self._seen[key] = (now, count + 1)
        return count < LINES_PER_SECOND


def configure() -> None:
    """Sends every log record, and every Python warning, to standard error as a JSON line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.addFilter(Flood())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)


def last_words(message: str, termination_log: Path) -> None:
    """Leaves the reason of the exit, on one line, where Kubernetes shows it as the container's last message."""
    line = " ".join(message.split())
    try:
        termination_log.write_bytes(line.encode()[:TERMINATION_LOG_BYTES])
    except OSError as error:
        log.warning("the termination log cannot be written: %s", error)
