"""One process of a fleet that asks one tool: `python budget_process.py '{"database": …, "tool": …, "requests": …}'`."""

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from connectors.base import Context
from connectors.budget import account_of
from connectors.limits import Rate
from connectors.transport import Transport
from store.budget import SharedBudget

if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    budget = SharedBudget(task["database"])
    transport = Transport(
        task["tool"],
        auth=dict,
        context=Context(lambda: datetime.now(UTC), threading.Event(), time.sleep, budget=budget),
        account=account_of(task["tool"], "a token"),
        in_flight=4,
        steady=Rate(60, timedelta(seconds=1)),
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: transport.get("/a"), range(task["requests"])))
    transport.close()
    budget.close()
