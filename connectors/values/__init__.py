"""Values of key results from elsewhere: one number of a document, a query, a file or a connection.

`fetch` gives the number or raises `SourceError`; `place` says where it comes from. Neither ever tells a secret.
"""

from connectors.values.fetch import Source, fetch, place

__all__ = ["Source", "fetch", "place"]
