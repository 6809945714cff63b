"""When not to believe a map: figures about a map, each beside its control. No Qt."""
