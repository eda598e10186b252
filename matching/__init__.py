"""Pairs demand orders with resource offers: plain records in, a proven plan with reasons out."""
