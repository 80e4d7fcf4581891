mock_provider "aws" {
  source = "./tests/mocks"
}

run "a_missing_night_is_an_alarm" {
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.freshness.treat_missing_data == "breaching" &&
      aws_cloudwatch_metric_alarm.freshness.period * aws_cloudwatch_metric_alarm.freshness.evaluation_periods == var.freshness_hours * 3600
    )
    error_message = "no night for freshness_hours does not raise the alarm"
  }

  # A default value would be a datapoint where no line was written, and nothing would be missing.
  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation).default_value == null])
    error_message = "a metric filter has a default value"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.found : alarm.treat_missing_data == "notBreaching"])
    error_message = "a night without failures would raise the alarm of failures"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.found), [aws_cloudwatch_metric_alarm.freshness]) :
      alarm.alarm_actions == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "an alarm tells nobody"
  }
}

run "the_schedule_starts_the_night_as_its_role" {
  assert {
    condition = (
      jsondecode(one(aws_scheduler_schedule.night.target).input).ClientToken == "<aws.scheduler.execution-id>" &&
      strcontains(one(aws_scheduler_schedule.night.target).input, "<aws.scheduler.execution-id>")
    )
    error_message = "two starts would be one run, or one start two"
  }

  assert {
    condition = endswith(
      jsondecode(one(aws_scheduler_schedule.night.target).input).JobDriver.SparkSubmit.EntryPoint, "/releases/0.1.0/jobs/night.py"
    )
    error_message = "the schedule starts something else"
  }

  assert {
    condition     = aws_scheduler_schedule.night.state == "DISABLED"
    error_message = "a new environment would start nights before its secrets have values"
  }

  # The input is in plain text in the schedule: passwords are references.
  assert {
    condition = alltrue([
      for name, value in local.driver_variables : startswith(value, "EMR.secret@") || startswith(value, "env:")
      if strcontains(name, "PASSWORD") || endswith(name, "_KEY")
    ])
    error_message = "a secret stands in the schedule"
  }
}

run "the_application_is_bounded_and_stops" {
  assert {
    condition = (
      one(aws_emrserverless_application.night.auto_stop_configuration).enabled &&
      one(aws_emrserverless_application.night.maximum_capacity).cpu == "32 vCPU" &&
      length(one(aws_emrserverless_application.night.network_configuration).subnet_ids) == 2
    )
    error_message = "the application has no bound, or is not in the network"
  }
}

run "queries_are_bounded_and_their_results_encrypted" {
  assert {
    condition = (
      one(aws_athena_workgroup.analyst.configuration).enforce_workgroup_configuration &&
      one(aws_athena_workgroup.analyst.configuration).bytes_scanned_cutoff_per_query == var.bytes_scanned_limit &&
      one(one(one(aws_athena_workgroup.analyst.configuration).result_configuration).encryption_configuration).encryption_option == "SSE_KMS"
    )
    error_message = "queries are not bounded, or their results not encrypted"
  }
}

run "tables_are_delta_tables_below_the_root" {
  assert {
    condition = (
      aws_glue_catalog_table.this["gold.daily_sales"].parameters["spark.sql.sources.provider"] == "delta" &&
      aws_glue_catalog_table.this["gold.daily_sales"].database_name == "lakehouse_prod_gold" &&
      one(aws_glue_catalog_table.this["gold.daily_sales"].storage_descriptor).location == "${local.roots.lake}/gold/daily_sales"
    )
    error_message = "Athena would not find the table"
  }
}

run "logs_and_alerts_are_encrypted" {
  assert {
    condition = alltrue([
      for key in concat(
        [aws_cloudwatch_log_group.jobs.kms_key_id, aws_cloudwatch_log_group.network.kms_key_id],
        [aws_sns_topic.alerts.kms_master_key_id],
      ) : key == aws_kms_key.operations.arn
    ])
    error_message = "logs or alerts are not encrypted with our key"
  }
}

run "a_job_that_aws_ends_tells_somebody" {
  assert {
    condition = (
      jsondecode(aws_cloudwatch_event_rule.ended.event_pattern).detail.state == ["FAILED", "CANCELLED"] &&
      jsondecode(aws_cloudwatch_event_rule.ended.event_pattern).detail.applicationId == [aws_emrserverless_application.night.id] &&
      aws_cloudwatch_event_target.ended.arn == aws_sns_topic.alerts.arn &&
      can(jsondecode(one(aws_cloudwatch_event_target.ended.input_transformer).input_template))
    )
    error_message = "a job that failed without a line of its own is told to nobody"
  }

  # A topic that EventBridge may write to, with a key that it may not use, drops what it is sent.
  assert {
    condition = alltrue([
      for policy in [aws_sns_topic_policy.alerts.policy, aws_kms_key.operations.policy] : anytrue([
        for statement in jsondecode(policy).Statement : contains(flatten([statement.Principal.Service]), "events.amazonaws.com")
        if can(statement.Principal.Service)
      ])
    ])
    error_message = "EventBridge may not write to the encrypted topic"
  }
}

run "a_database_has_a_secret_and_a_setting_as_a_shop_has" {
  variables {
    databases = ["erp"]
  }

  assert {
    condition = (
      local.driver_variables["DATABASE_ERP_PASSWORD"] == "EMR.secret@lakehouse-prod/database-erp-password" &&
      local.driver_variables["LAKEHOUSE_DATABASES__ERP__PASSWORD"] == "env:DATABASE_ERP_PASSWORD" &&
      local.driver_variables["SHOP_NL_PASSWORD"] == "EMR.secret@lakehouse-prod/shop-nl-password" &&
      local.driver_variables["LAKEHOUSE_SHOPS__NL__PASSWORD"] == "env:SHOP_NL_PASSWORD"
    )
    error_message = "the night would not know a database's password"
  }

  assert {
    condition     = aws_secretsmanager_secret.this["database-erp-password"].name == "lakehouse-prod/database-erp-password"
    error_message = "the password of a database has no place"
  }
}

run "a_code_of_a_database_that_no_setting_could_have_is_refused" {
  command = plan

  variables {
    databases = ["ERP"]
  }

  expect_failures = [var.databases]
}

run "an_alarm_that_would_look_back_more_than_seven_days_is_refused" {
  command = plan

  variables {
    freshness_hours = 169
  }

  expect_failures = [var.freshness_hours]
}
