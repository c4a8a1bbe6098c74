"""Images whose files were exchanged after the import."""

from __future__ import annotations

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.quality.evidence import Evidence, counted, paths

KIND = "changed"


def counted_changes(n: int) -> str:
    """`12 images have changed since the import`."""
    return counted(n, "has changed since the import", "have changed since the import")


def changed(evidence: Evidence) -> Finding | None:
    """What the project learns from is not what lies in the folder any more."""
    found = {str(image.path): evidence.changed[image.id] for image in evidence.images if image.id in evidence.changed}
    if not found:
        return None
    images = [image for image in evidence.images if image.id in evidence.changed]
    return Finding(
        KIND,
        Severity.HIGH,
        len(images),
        paths(images),
        counted_changes(len(images)),
        "The project goes on with the old pictures, which nobody can look at any more in full size.",
        repair=Repair.TAKE_NEW,
        advice="Take the new ones; labels and parts stay. Or set this aside, to keep the old ones.",
        single=True,
        states=tuple(found[path] for path in paths(images)),
    )
