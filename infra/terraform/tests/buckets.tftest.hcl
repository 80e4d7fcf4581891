# Nothing is created and no account is needed: the provider is a mock, which makes up what AWS would answer (mocks/).
mock_provider "aws" {
  source = "./tests/mocks"
}

run "every_root_has_a_bucket_of_its_own" {
  assert {
    condition     = length(distinct([for root in values(local.roots) : split("/", root)[2]])) == 5
    error_message = "lake, vault, export, drop and outbox must not share a bucket"
  }

  assert {
    condition     = local.roots.vault == "s3://lakehouse-prod-vault-111122223333/vault"
    error_message = "the vault's root is not where the README says"
  }
}

run "every_bucket_is_encrypted_with_a_key_of_its_own" {
  assert {
    condition = alltrue([
      for bucket in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(bucket.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    ])
    error_message = "a bucket is not encrypted with KMS"
  }

  assert {
    condition = (
      keys(aws_kms_key.bucket) == keys(aws_s3_bucket.this) &&
      alltrue([for key in aws_kms_key.bucket : key.enable_key_rotation])
    )
    error_message = "each bucket needs a key, and each key changes once a year"
  }
}

run "no_bucket_is_public" {
  assert {
    condition = alltrue([
      for block in concat(values(aws_s3_bucket_public_access_block.this), [aws_s3_bucket_public_access_block.access_logs]) :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "a bucket could be made public"
  }

  assert {
    condition     = keys(aws_s3_bucket_public_access_block.this) == keys(aws_s3_bucket.this)
    error_message = "a bucket has no block of public access"
  }
}

run "no_bucket_answers_without_tls" {
  assert {
    condition = alltrue([
      for policy in concat(values(aws_s3_bucket_policy.this), [aws_s3_bucket_policy.access_logs]) : anytrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && length(statement.Resource) == 2 &&
        try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
      ])
    ])
    error_message = "a bucket answers without TLS"
  }
}

run "old_versions_of_personal_data_are_gone_within_the_days_of_the_variable" {
  variables {
    personal_noncurrent_days = 3
  }

  assert {
    condition = alltrue([
      for bucket in ["vault", "export", "drop", "outbox"] : alltrue([
        for rule in aws_s3_bucket_lifecycle_configuration.this[bucket].rule :
        one(rule.noncurrent_version_expiration).noncurrent_days == 3 if rule.id == "old-versions-go"
      ])
    ])
    error_message = "old versions of personal data stay longer than the variable says"
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket_versioning.this : one(bucket.versioning_configuration).status == "Enabled"])
    error_message = "a bucket has no versions"
  }

  assert {
    condition = alltrue([
      for bucket in aws_s3_bucket_lifecycle_configuration.this :
      length([for rule in bucket.rule : rule if rule.id == "old-versions-go" && rule.status == "Enabled"]) == 1
    ])
    error_message = "a bucket keeps old versions for ever"
  }
}

run "an_erasure_can_not_be_set_to_take_longer_than_a_month" {
  command = plan

  variables {
    personal_noncurrent_days = 90
  }

  expect_failures = [var.personal_noncurrent_days]
}

run "packs_go_by_themselves_and_tables_do_not" {
  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this["export"].rule : one(rule.expiration).days if rule.id == "objects-go"
    ] == [var.export_days]
    error_message = "packs do not go after export_days"
  }

  assert {
    condition = alltrue([
      for bucket in ["lake", "vault", "models"] :
      length([for rule in aws_s3_bucket_lifecycle_configuration.this[bucket].rule : rule if rule.id == "objects-go"]) == 0
    ])
    error_message = "tables or models would be deleted by their age"
  }
}
