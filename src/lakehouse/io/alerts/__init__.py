"""Who is told of incidents, and how; figures for Prometheus."""
