"""Forecasts: when the work of key results will be done, and what the throughput of teams carries."""
