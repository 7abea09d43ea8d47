"""Ends with a clear message where Python is too old for chartgen."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # this is the check for it
    sys.exit("chartgen needs Python 3.11 or newer; call make with PYTHON=python3.11")
