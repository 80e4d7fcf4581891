resource "aws_emrserverless_application" "night" {
  name          = "${local.prefix}-night"
  release_label = var.emr_release
  type          = "spark"
  architecture  = "X86_64"

  # Nothing is kept warm: a night starts it, and it stops by itself.
  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.idle_minutes
  }

  maximum_capacity {
    cpu    = var.max_capacity.cpu
    memory = var.max_capacity.memory
    disk   = var.max_capacity.disk
  }

  # In our own network, to reach the replicas; without a way to the internet.
  network_configuration {
    subnet_ids         = [for subnet in aws_subnet.private : subnet.id]
    security_group_ids = [aws_security_group.jobs.id]
  }
}
