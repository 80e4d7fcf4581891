# The scheduler starts the night and does not wait for its end. That a night did not start, failed or is missing, the alarms tell.
resource "aws_scheduler_schedule" "night" {
  name                         = "${local.prefix}-night"
  description                  = "Starts the night."
  schedule_expression          = var.night_schedule
  schedule_expression_timezone = "UTC"
  state                        = var.night_schedule_state
  kms_key_arn                  = aws_kms_key.operations.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:emrserverless:startJobRun"
    role_arn = aws_iam_role.scheduler.arn
    # The placeholder of the scheduler has angle brackets, which JSON here would write in another way.
    input = replace(replace(jsonencode(local.night), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 3600
    }
  }
}
