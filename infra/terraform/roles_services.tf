resource "aws_iam_role" "scheduler" {
  name               = "${local.prefix}-scheduler"
  description        = "The schedule starts the night as it."
  assume_role_policy = templatefile("${path.module}/policies/trust_service.json.tftpl", { service = "scheduler", account = local.account })
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = templatefile("${path.module}/policies/scheduler.json.tftpl", local.policy_values)
}

resource "aws_iam_role" "flow_log" {
  name        = "${local.prefix}-flow-log"
  description = "The network writes down what it refused as it."
  assume_role_policy = templatefile("${path.module}/policies/trust_service.json.tftpl", {
    service = "vpc-flow-logs"
    account = local.account
  })
}

resource "aws_iam_role_policy" "flow_log" {
  name   = "flow-log"
  role   = aws_iam_role.flow_log.id
  policy = templatefile("${path.module}/policies/flow_log.json.tftpl", local.policy_values)
}
