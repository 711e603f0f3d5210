"""Telling people: what happened to findings, on its way to channels; digests."""
