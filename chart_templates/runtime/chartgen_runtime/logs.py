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

log = logging.getLogger("chartgen")


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure() -> None:
    """Sends every log record, and every Python warning, to standard error as a JSON line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)


def last_words(message: str, termination_log: Path) -> None:
    """Leaves the reason of the exit, on one line, where Kubernetes shows it as the container's last message."""
    line = " ".join(message.split())
    try:
        termination_log.write_bytes(line.encode()[:TERMINATION_LOG_BYTES])
    except OSError as error:
        log.warning("the termination log cannot be written: %s", error)
