"""Figures and the one style sheet; they take arrays, never models."""
