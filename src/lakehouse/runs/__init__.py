"""What a run is: the contract of stages, the orchestrator, audit, recovery, incidents."""
