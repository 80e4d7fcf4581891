# Keys change by themselves once a year; what was encrypted before stays readable. What a deleted key has encrypted nobody can read again:
# not a table, not a backup of it, not the key of the pseudonyms. So none of them goes by a plan.
resource "aws_kms_key" "bucket" {
  for_each = local.buckets

  description             = "${local.prefix}: bucket ${each.key}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "bucket" {
  for_each = local.buckets

  name          = "alias/${local.prefix}-${each.key}"
  target_key_id = aws_kms_key.bucket[each.key].key_id
}

resource "aws_kms_key" "secrets" {
  description             = "${local.prefix}: passwords of shops and databases, and the key of the pseudonyms"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "secrets" {
  name          = "alias/${local.prefix}-secrets"
  target_key_id = aws_kms_key.secrets.key_id
}

# Logs and alerts: here services of AWS write, so its policy names them.
resource "aws_kms_key" "operations" {
  description             = "${local.prefix}: logs and alerts"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = templatefile("${path.module}/policies/key_operations.json.tftpl", {
    account   = local.account
    partition = local.partition
    region    = var.region
    prefix    = local.prefix
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "operations" {
  name          = "alias/${local.prefix}-operations"
  target_key_id = aws_kms_key.operations.key_id
}

locals {
  key_policy = templatefile("${path.module}/policies/key.json.tftpl", { account = local.account, partition = local.partition })
}
