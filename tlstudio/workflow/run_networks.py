"""The trained network of a run, as the run's own record has it."""

from __future__ import annotations

from tlstudio.domain.errors import RunNotReady
from tlstudio.domain.runs import RunRow
from tlstudio.storage import runs
from tlstudio.storage.project import Project
from tlstudio.training.loading import load_network
from tlstudio.training.network import Network


def network_of(project: Project, run: RunRow) -> Network:
    """Raises RunNotReady where its files are missing or damaged, or name other classes than the project noted for the run."""
    folder = project.run_folder(run.id) / "model"
    network = load_network(folder)
    if network.spec.classes != runs.trained_classes(project, run.id):
        raise RunNotReady(
            "The classes of this run's model are not those that the project noted when it was trained.",
            remedy="Somebody has changed a file of the run. Train it again.",
            path=folder / "config.json",
        )
    return network
