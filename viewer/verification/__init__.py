"""Whether this copy of Glassbox computes on this machine what it should, and that on paper."""
