"""What was asked for, what that means, and what is kept: state, resolve, model, cache."""
