"""What the command line and jobs/ call: each task is a list of steps within a run."""
