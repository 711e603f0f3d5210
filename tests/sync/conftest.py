"""Tests of linking and measuring work in a transaction on a migrated database."""

from tests.mapping.databases import conn, migrated_engine, tracker

__all__ = ["conn", "migrated_engine", "tracker"]
