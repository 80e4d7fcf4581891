# A night that never started writes no line, so it is missing data that has to raise this alarm.
resource "aws_cloudwatch_metric_alarm" "freshness" {
  alarm_name          = "${local.prefix}-no-night"
  alarm_description   = "No night for ${var.freshness_hours} hours. `lakehouse status` and `lakehouse plan` say why."
  namespace           = local.metric_namespace
  metric_name         = "PublishedNights"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.freshness_hours
  datapoints_to_alarm = var.freshness_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

# Here silence is good: nothing failed.
resource "aws_cloudwatch_metric_alarm" "found" {
  for_each = {
    FailedRuns        = "A run failed. The last line of its log has the exit code and what to do."
    CriticalIncidents = "A critical incident is open. `lakehouse status` has what to do."
  }

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = each.value
  namespace           = local.metric_namespace
  metric_name         = each.key
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# A job that EMR Serverless itself ends, or that never began, writes no line that an alarm could count: too little memory for the driver, no
# addresses left in the subnets, the time limit, somebody who cancelled it. EMR tells its own end, so this hears of those too.
resource "aws_cloudwatch_event_rule" "ended" {
  name        = "${local.prefix}-job-ended"
  description = "A job failed or was cancelled, whoever ended it."

  event_pattern = jsonencode({
    source      = ["aws.emr-serverless"]
    detail-type = ["EMR Serverless Job Run State Change"]

    detail = {
      applicationId = [aws_emrserverless_application.night.id]
      state         = ["FAILED", "CANCELLED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "ended" {
  rule = aws_cloudwatch_event_rule.ended.name
  arn  = aws_sns_topic.alerts.arn

  # Names in angle brackets are filled in by EventBridge. Quotes make it one text.
  input_transformer {
    input_paths    = { run = "$.detail.jobRunId", state = "$.detail.state" }
    input_template = "\"The job run <run> of ${local.prefix} ended as <state>: `aws emr-serverless get-job-run` says why.\""
  }
}
