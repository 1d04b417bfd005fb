"""What our stages take: against what a user would otherwise run, in turns on one machine; against limits; by size."""
