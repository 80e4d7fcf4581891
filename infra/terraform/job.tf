# The night as EMR Serverless is told to run it. Settings go in as environment variables (conf/README.md).
locals {
  release = "s3://${local.bucket_names.artifacts}/releases/${var.release}"

  # EMR asks Secrets Manager for what stands behind EMR.secret@ when the job starts; the value is in no call and in no state.
  secret_variables = merge(
    { PSEUDONYM_KEY = "pseudonym-key" },
    { for secret, source in local.sources : "${trimsuffix(source.part, "S")}_${source.code}_PASSWORD" => secret },
  )

  settings = merge(
    {
      LAKEHOUSE_LAKE_ROOT     = local.roots.lake
      LAKEHOUSE_VAULT_ROOT    = local.roots.vault
      LAKEHOUSE_EXPORT_ROOT   = local.roots.export
      LAKEHOUSE_DROP_ROOT     = local.roots.drop
      LAKEHOUSE_OUTBOX_ROOT   = local.roots.outbox
      LAKEHOUSE_TRACKING_URI  = var.tracking_uri
      LAKEHOUSE_ARTIFACT_ROOT = "s3://${local.bucket_names.models}/models"
      LAKEHOUSE_LOCK          = "s3"
      LAKEHOUSE_LOG_FORMAT    = "json"
      LAKEHOUSE_PSEUDONYM_KEY = "env:PSEUDONYM_KEY"
    },
    {
      for source in values(local.sources) :
      "LAKEHOUSE_${source.part}__${source.code}__PASSWORD" => "env:${trimsuffix(source.part, "S")}_${source.code}_PASSWORD"
    },
  )

  driver_variables = merge(local.settings, { for name, secret in local.secret_variables : name => "EMR.secret@${local.prefix}/${secret}" })

  # Python with the packages of requirements/run.txt, packed; EMR unpacks it in the working folder of each worker.
  python = "./environment/bin/python"

  spark_properties = merge(
    {
      "spark.archives"       = "${local.release}/environment.tar.gz#environment"
      "spark.submit.pyFiles" = "${local.release}/lakehouse.zip"
      "spark.jars" = join(",", [
        "${local.release}/jars/mariadb-java-client.jar",
        "${local.release}/jars/postgresql.jar",
        "/usr/share/aws/delta/lib/delta-spark.jar",
        "/usr/share/aws/delta/lib/delta-storage.jar",
      ])
      "spark.sql.extensions"                                 = "io.delta.sql.DeltaSparkSessionExtension"
      "spark.sql.catalog.spark_catalog"                      = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
      "spark.sql.session.timeZone"                           = "UTC"
      "spark.driver.extraJavaOptions"                        = "-Duser.timezone=UTC"
      "spark.executor.extraJavaOptions"                      = "-Duser.timezone=UTC"
      "spark.emr-serverless.driverEnv.PYSPARK_PYTHON"        = local.python
      "spark.executorEnv.PYSPARK_PYTHON"                     = local.python
      "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON" = local.python
    },
    { for name, value in local.driver_variables : "spark.emr-serverless.driverEnv.${name}" => value },
  )

  night = {
    ApplicationId           = aws_emrserverless_application.night.id
    ExecutionRoleArn        = aws_iam_role.job["night"].arn
    ExecutionTimeoutMinutes = var.night_timeout_minutes
    Name                    = "night"
    # One start of the schedule is one run, even if the scheduler has to ask twice.
    ClientToken = "<aws.scheduler.execution-id>"

    JobDriver = {
      SparkSubmit = {
        EntryPoint = "${local.release}/jobs/night.py"
        # Of the settings: conf/aws.yaml. Buckets and secrets come by the variables above.
        EntryPointArguments = ["--env", "aws"]
      }
    }

    ConfigurationOverrides = {
      ApplicationConfiguration = [{ Classification = "spark-defaults", Properties = local.spark_properties }]

      MonitoringConfiguration = {
        CloudWatchLoggingConfiguration = {
          Enabled             = true
          LogGroupName        = aws_cloudwatch_log_group.jobs.name
          LogStreamNamePrefix = "night"
          # The driver's alone: executors' lines may hold values of rows.
          LogTypes = { SPARK_DRIVER = ["STDERR", "STDOUT"] }
        }
        # Spark's own event log holds plans of queries, and plans may hold values of rows: AWS keeps none.
        ManagedPersistenceMonitoringConfiguration = { Enabled = false }
      }
    }
  }
}
