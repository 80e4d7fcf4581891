# What stands for ${...} in policies/. Buckets and roles by their names, so that a plan shows policies as they will be.
locals {
  people_layers = ["silver", "gold", "recommendations"]

  shown_tables = [for name in sort(keys(var.tables)) : name if contains(local.people_layers, split(".", name)[0])]

  policy_values = merge(
    { for bucket, arn in local.bucket_arns : bucket => arn },
    { for bucket, key in aws_kms_key.bucket : "${bucket}_key" => key.arn },
    {
      account        = local.account
      partition      = local.partition
      region         = var.region
      secrets_key    = aws_kms_key.secrets.arn
      operations_key = aws_kms_key.operations.arn
      pseudonym_key  = aws_secretsmanager_secret.this["pseudonym-key"].arn
      source_secrets = jsonencode([for name in keys(local.sources) : aws_secretsmanager_secret.this[name].arn])
      jobs_log       = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/${var.name}/${var.environment}/jobs"
      network_log    = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/${var.name}/${var.environment}/network"
      application    = aws_emrserverless_application.night.arn
      night_role     = aws_iam_role.job["night"].arn
      workgroup      = aws_athena_workgroup.analyst.arn

      # Glue asks for the right to the catalog and the database too where a table is looked up. A query that names no database is in
      # `default`, and Athena looks that up first, whatever tables are named. None of its tables is here.
      catalog = jsonencode(concat(
        ["${local.catalog}:catalog", "${local.catalog}:database/default"],
        [for layer in sort(local.people_layers) : "${local.catalog}:database/${local.databases[layer]}"],
        [for name in local.shown_tables : local.table_arns[name]],
      ))
    },
  )
}
