"""Model bundles, the networks they describe, and what goes into them: torch, no Qt."""
