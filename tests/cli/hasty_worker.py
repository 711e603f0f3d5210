"""`northing worker` that takes silent ones for dead within two seconds: `python -m tests.cli.hasty_worker OPTION…`."""

import sys
from datetime import timedelta
from functools import partial

from sync.jobs import worker

if __name__ == "__main__":
    hasty = partial(
        worker.Worker, beat=timedelta(seconds=0.5), silent=timedelta(seconds=2), poll=timedelta(seconds=0.1)
    )
    setattr(worker, "Worker", hasty)  # noqa: B010 - a class stands there, says its type
    from cli.main import app

    sys.argv[1:1] = ["worker"]
    app()
