"""A training that several processes share: `torchrun … -m tlstudio train`. The first one does all that a single one would do."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tlstudio.domain.errors import StudioError
from tlstudio.training import ranks
from tlstudio.training.following import follow

logger = logging.getLogger(__name__)


def shared(work: Callable[[], None]) -> int:
    """Does the work in the first process, with the help of the others. Returns this process's exit status.

    What goes wrong is told by the first process alone, which raises it. Raises RankLost where they don't find each other.
    """
    with ranks.joined() as share:
        if share.rank == ranks.LEADER:
            work()
            return 0
        try:
            follow()
        except StudioError as error:
            logger.warning("process %d of %d: %s", share.rank, share.count, error)
            return error.exit_status
        return 0
