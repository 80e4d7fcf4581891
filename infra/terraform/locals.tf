locals {
  prefix    = "${var.name}-${var.environment}"
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # A bucket for each root of the settings, then what a night needs beside them. `personal`: addresses and names of people are in it, or
  # may be. `expire_days`: age at which objects go by themselves; 0: never. Bronze, silver and gold are prefixes of one bucket, since they
  # are below one root: rights are given by prefix.
  buckets = {
    lake      = { personal = false, expire_days = 0 }
    vault     = { personal = true, expire_days = 0 }
    export    = { personal = true, expire_days = var.export_days }
    drop      = { personal = true, expire_days = var.drop_days }
    outbox    = { personal = true, expire_days = var.drop_days }
    models    = { personal = false, expire_days = 0 }
    artifacts = { personal = false, expire_days = 0 }
    results   = { personal = false, expire_days = var.query_result_days }
  }

  # Names of buckets are the same for all accounts of the world, so ours has its number in it.
  bucket_names = { for bucket, _ in local.buckets : bucket => "${local.prefix}-${bucket}-${local.account}" }
  bucket_arns  = { for bucket, name in local.bucket_names : bucket => "arn:${local.partition}:s3:::${name}" }
  access_logs  = "${local.prefix}-access-logs-${local.account}"

  # What the settings call lake_root and so on.
  roots = {
    lake   = "s3://${local.bucket_names.lake}/lake"
    vault  = "s3://${local.bucket_names.vault}/vault"
    export = "s3://${local.bucket_names.export}/campaigns"
    drop   = "s3://${local.bucket_names.drop}/drop"
    outbox = "s3://${local.bucket_names.outbox}/outbox"
  }

  noncurrent_days = {
    for bucket, kind in local.buckets : bucket => kind.personal ? var.personal_noncurrent_days : var.noncurrent_days
  }
}
