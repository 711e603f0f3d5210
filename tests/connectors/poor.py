"""Sites that lack some calls, as other servers of the same API may."""

import re

from simulator.site import Call, Endpoints, Refusal, Site


def without(site: Site, *paths: str, status: int = 404, method: str | None = None) -> None:
    """From now on, and before it is served, `site` answers `status` where one of `paths` (expressions) is found.

    `method`: only calls by that method.
    """
    whole = site.endpoints

    def endpoints() -> Endpoints:
        points = whole()
        admit = points.admit

        def refuse(call: Call) -> None:
            if method in (None, call.method) and any(re.search(path, call.path) for path in paths):
                raise Refusal(status, {"message": "There is no such call."})
            admit(call)

        points.__dict__["admit"] = refuse
        return points

    site.__dict__["endpoints"] = endpoints
