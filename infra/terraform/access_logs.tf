# Who read the vault? Each bucket writes down each request. This bucket has S3's own key, the only kind that S3 writes such logs with.
resource "aws_s3_bucket" "access_logs" {
  #checkov:skip=CKV2_AWS_62:The night looks into the buckets itself; nobody waits for events of objects.
  #checkov:skip=CKV_AWS_144:Logs of a region are of use in it alone.
  #checkov:skip=CKV_AWS_145:S3 writes access logs only where its own key encrypts them.
  bucket = local.access_logs
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  bucket                  = aws_s3_bucket.access_logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    id     = "logs-go"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.access_logs]
}

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  policy = templatefile("${path.module}/policies/access_logs.json.tftpl", {
    bucket  = "arn:${local.partition}:s3:::${local.access_logs}"
    sources = jsonencode(sort(values(local.bucket_arns)))
    account = local.account
  })

  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.buckets

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = "${each.key}/"

  # S3 refuses a target that it may not write to.
  depends_on = [aws_s3_bucket_policy.access_logs]
}
