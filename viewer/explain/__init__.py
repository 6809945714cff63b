"""Where a network found its evidence: maps on the network's grid, then on the slice. Torch, no Qt."""
