resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62:The night looks into the buckets itself; nobody waits for events of objects.
  #checkov:skip=CKV_AWS_144:A copy in another region would outlive an erasure; personal data does not leave its region.
  for_each = local.buckets

  bucket = local.bucket_names[each.key]

  # Of another name or environment Terraform would make another bucket and delete this one. A slip of a variable must not do that.
  lifecycle {
    prevent_destroy = true
  }
}

# An object that a mistake deletes or writes over can be had back, until its old version expires (lifecycle.tf).
resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# A key for each bucket: who may list a bucket but not use its key reads nothing.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    # One call to KMS for many objects, which is what Delta's many small files need.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.bucket[each.key].arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No access lists: rights are in policies alone.
resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = templatefile("${path.module}/policies/bucket.json.tftpl", { bucket = local.bucket_arns[each.key] })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
