"""What the broker tells its operator: lines on standard error, without bodies, tokens or keys."""

import logging
import sys

FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def configure_logging(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error, once."""
    if logging.getLogger().handlers:
        return
    logging.basicConfig(level=level, stream=sys.stderr, format=FORMAT)
    # One line for each run of each job, from each process.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
