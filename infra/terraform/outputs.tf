output "roots" {
  description = "The roots for conf/<environment>.yaml."
  value       = local.roots
}

output "buckets" {
  description = "Buckets by what they are for."
  value       = local.bucket_names
}

output "roles" {
  description = "ARNs of the roles."
  value = merge(
    { for name, role in aws_iam_role.job : name => role.arn },
    { for name, role in aws_iam_role.person : name => role.arn },
    { ci = aws_iam_role.ci.arn },
  )
}

output "application_id" {
  description = "The EMR Serverless application, for a night started by hand."
  value       = aws_emrserverless_application.night.id
}

output "night" {
  description = "The same job for the AWS CLI, which begins names with a small letter: for a night that is started by hand."
  value = jsonencode({
    applicationId           = local.night.ApplicationId
    executionRoleArn        = local.night.ExecutionRoleArn
    executionTimeoutMinutes = local.night.ExecutionTimeoutMinutes
    name                    = local.night.Name

    jobDriver = {
      sparkSubmit = {
        entryPoint          = local.night.JobDriver.SparkSubmit.EntryPoint
        entryPointArguments = local.night.JobDriver.SparkSubmit.EntryPointArguments
      }
    }

    configurationOverrides = {
      applicationConfiguration = [{ classification = "spark-defaults", properties = local.spark_properties }]

      monitoringConfiguration = {
        cloudWatchLoggingConfiguration = {
          enabled             = true
          logGroupName        = aws_cloudwatch_log_group.jobs.name
          logStreamNamePrefix = "night"
          logTypes            = { SPARK_DRIVER = ["STDERR", "STDOUT"] }
        }

        managedPersistenceMonitoringConfiguration = { enabled = false }
      }
    }
  })
}

output "secrets" {
  description = "Names of the secrets whose values are to be put in."
  value       = [for secret in aws_secretsmanager_secret.this : secret.name]
}

output "workgroup" {
  description = "Athena's workgroup."
  value       = aws_athena_workgroup.analyst.name
}
