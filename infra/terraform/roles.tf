# What a role may do is one page of policies/, named as the role. Actions are named one by one, and so are resources, but for two kinds that
# have no names yet when Terraform runs: the objects below a prefix (bucket/prefix/*, which is how S3 gives rights to objects) and the
# streams of a log group. `*` may be in a resource only as its last part.
locals {
  # The stages of src/lakehouse/night.py by who does them: transform is refresh and score. `job` is what each stage needs to be a run.
  stage_roles = toset(["ingest", "transform", "train", "export", "maintain"])

  # The night is one run of all stages in one job, so its role has all of their policies, and still none of the people's.
  job_policies = merge(
    { for role in local.stage_roles : role => ["job", role] },
    { night = concat(["job"], sort(local.stage_roles)) },
  )

  attachments = merge([
    for role, policies in local.job_policies : { for policy in policies : "${role}/${policy}" => { role = role, policy = policy } }
  ]...)
}

resource "aws_iam_role" "job" {
  for_each = local.job_policies

  name                 = "${local.prefix}-${each.key}"
  description          = "EMR Serverless runs ${each.key == "night" ? "the night" : "the stage ${each.key}"} as it."
  max_session_duration = 43200
  assume_role_policy   = templatefile("${path.module}/policies/trust_job.json.tftpl", { account = local.account })
}

resource "aws_iam_policy" "job" {
  for_each = setunion(local.stage_roles, ["job"])

  name   = "${local.prefix}-${each.key}"
  policy = templatefile("${path.module}/policies/${each.key}.json.tftpl", local.policy_values)
}

resource "aws_iam_role_policy_attachment" "job" {
  for_each = local.attachments

  role       = aws_iam_role.job[each.value.role].name
  policy_arn = aws_iam_policy.job[each.value.policy].arn
}

resource "aws_iam_role" "person" {
  for_each = var.people

  name        = "${local.prefix}-${each.key}"
  description = "Taken on by people of ${each.key}."
  assume_role_policy = templatefile("${path.module}/policies/trust_person.json.tftpl", {
    people = jsonencode(each.value)
  })
}

resource "aws_iam_role_policy" "person" {
  for_each = var.people

  name   = each.key
  role   = aws_iam_role.person[each.key].id
  policy = templatefile("${path.module}/policies/${each.key}.json.tftpl", local.policy_values)
}
