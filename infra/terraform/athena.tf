# Who uses the workgroup can't choose another place or another key for results: they hold rows of tables.
resource "aws_athena_workgroup" "analyst" {
  name        = "${local.prefix}-analyst"
  description = "Queries of people. A query that would read too much is ended."

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_limit

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${local.bucket_names.results}/analyst/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.bucket["results"].arn
      }
    }
  }
}
