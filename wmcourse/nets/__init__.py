"""Reusable layers and distributions."""
