"""One thin page per step of the wizard, loaded by name when it is first needed."""

from __future__ import annotations

# In the order of the rail; the start page is reached from its top and is no numbered step.
PAGES: dict[str, str] = {
    "start": "tlstudio.gui.pages.start:StartPage",
    "images": "tlstudio.gui.pages.images:ImagesPage",
    "labels": "tlstudio.gui.pages.labels:LabelsPage",
    "check": "tlstudio.gui.pages.check:CheckPage",
    "model": "tlstudio.gui.pages.model:ModelPage",
    "train": "tlstudio.gui.pages.train:TrainPage",
    "inspect": "tlstudio.gui.pages.inspect:InspectPage",
    "use": "tlstudio.gui.pages.use:UsePage",
}
