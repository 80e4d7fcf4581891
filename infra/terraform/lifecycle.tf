# Versions and erasure pull in two directions. Old versions bring back what a mistake deleted; an erased person must not be brought back.
# So where names and addresses are, old versions live for days, and an erasure is complete when the last of them is gone. Where people are
# pseudonyms (lake, models) they live for a month.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "old-versions-go"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = local.noncurrent_days[each.key]
    }

    # What is left of a deleted object when its last version is gone.
    expiration {
      expired_object_delete_marker = true
    }

    # Parts of an upload that was never ended are not listed, but they are paid for, and they may hold personal data.
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  dynamic "rule" {
    for_each = each.value.expire_days > 0 ? [each.value.expire_days] : []

    content {
      id     = "objects-go"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  # Rules for old versions need versions.
  depends_on = [aws_s3_bucket_versioning.this]
}
