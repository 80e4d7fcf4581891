resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/${var.name}/${var.environment}/jobs"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.operations.arn
}

# Counted in the driver's log. A line of the project is one JSON object with at, level, run_id, message and fields of its own; the one line
# that a failure ends with is text. Without a default value nothing is counted where nothing was written, which the alarms rely on.
locals {
  metric_filters = {
    # The line with which a night says that readers see what it did, packs too. Also of a night in which nothing changed.
    PublishedNights = { pattern = "{ $.published = \"night\" }", value = "1" }
    FailedRuns      = { pattern = "\"lakehouse: error\"", value = "1" }
    Warnings        = { pattern = "{ $.level = \"warning\" }", value = "1" }
    # That one is over is told too, but as no warning.
    CriticalIncidents = { pattern = "{ ($.incident.severity = \"critical\") && ($.level = \"warning\") }", value = "1" }
    RejectedRows      = { pattern = "{ $.rows_rejected > 0 }", value = "$.rows_rejected" }
  }

  metric_namespace = "${var.name}/${var.environment}"
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.metric_filters

  name           = "${local.prefix}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.jobs.name
  pattern        = each.value.pattern

  metric_transformation {
    name      = each.key
    namespace = local.metric_namespace
    value     = each.value.value
  }
}
