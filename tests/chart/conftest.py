"""Charts of the services in `services.py`, rendered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import Built, build
from chartgen.chart.write import write
from chartgen.service.load import load
from tests.chart.services import HANDLER, SERVICES
from tests.helpers import documents, run, service_file

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Made:
    """A service's chart, in memory and on disk."""

    service: str
    built: Built
    folder: Path

    def manifests(self, helm: Path, *argv: object) -> list[dict[str, Any]]:
        """What helm renders of it."""
        printed = run(helm, "template", self.built.spec.name, self.folder, "--namespace", "models", *argv)
        return documents(printed)


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("charts")

    @cache
    def make(service: str) -> Made:
        folder = root / service
        file = service_file(folder, **SERVICES[service])
        (folder / "handler.py").write_text(HANDLER)
        built = build(load([file]))
        return Made(service, built, write(built.chart, folder / "out"))

    return make


@pytest.fixture(params=SERVICES)
def made(request: pytest.FixtureRequest, charts: Any) -> Made:
    chart: Made = charts(request.param)
    return chart
