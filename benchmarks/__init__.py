"""Ratios of our stages to what a user would otherwise run, each measured in turns within one process."""
