# Names only. Values are put in by hand (README.md): what Terraform knows stands in its state.
locals {
  secrets = toset(concat(["pseudonym-key"], [for code in var.shops : "shop-${code}-password"]))
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:The key of the pseudonyms must never change; a password changes with the shop's database, which is not ours.
  for_each = local.secrets

  name       = "${local.prefix}/${each.key}"
  kms_key_id = aws_kms_key.secrets.arn

  # The lake can't go on without the key of its pseudonyms: a deleted secret can be had back for a month.
  recovery_window_in_days = 30
}
