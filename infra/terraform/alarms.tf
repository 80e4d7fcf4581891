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
