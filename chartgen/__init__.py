"""chartgen turns an ML model file and a small service file into a versioned Helm chart."""

from __future__ import annotations

__version__ = "0.1.0"
