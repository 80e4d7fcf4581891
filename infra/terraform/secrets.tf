# Names only. Values are put in by hand (README.md): what Terraform knows stands in its state.
locals {
  # What is read, by the name of its secret: in the settings it is shops.<code> or databases.<code>.
  sources = merge(
    { for code in var.shops : "shop-${code}-password" => { part = "SHOPS", code = upper(code) } },
    { for code in var.databases : "database-${code}-password" => { part = "DATABASES", code = upper(code) } },
  )

  secrets = toset(concat(["pseudonym-key"], keys(local.sources)))
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:The key of the pseudonyms must never change; a password changes with its database, which is not ours.
  for_each = local.secrets

  name       = "${local.prefix}/${each.key}"
  kms_key_id = aws_kms_key.secrets.arn

  # The lake can't go on without the key of its pseudonyms: a deleted secret can be had back for a month.
  recovery_window_in_days = 30
}
