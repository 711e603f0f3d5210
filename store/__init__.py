"""What is kept: tables, upserts, history, public views, migrations."""

from store.database import StoreError, connect, fold, reading
from store.migrate import migrate

__all__ = ["StoreError", "connect", "fold", "migrate", "reading"]
