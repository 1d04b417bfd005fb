"""Ratios of our stages to what a user would otherwise run, measured in turns on the same machine."""
