"""Whether lists are good: splits, metrics, baselines, the gate, a search for parameters."""
