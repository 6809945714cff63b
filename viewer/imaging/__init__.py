"""What a slice and a heatmap look like: numpy only."""
