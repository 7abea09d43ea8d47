"""Chart, helm and cluster put together: what a release goes through from install to uninstall."""

from chartgen.lifecycle.changes import holds, install, template, uninstall, upgrade
from chartgen.lifecycle.predict import Answer, predict
from chartgen.lifecycle.rollback import rollback
from chartgen.lifecycle.status import ServiceStatus, State, status
from chartgen.lifecycle.target import Place, ReleaseValues, Target

__all__ = [
    "Answer",
    "Place",
    "ReleaseValues",
    "ServiceStatus",
    "State",
    "Target",
    "holds",
    "install",
    "predict",
    "rollback",
    "status",
    "template",
    "uninstall",
    "upgrade",
]
