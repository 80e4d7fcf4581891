"""The outside world: settings, Spark, Delta, the shop's database, files, MLflow. All else is DataFrame → DataFrame."""
