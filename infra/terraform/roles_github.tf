# GitHub signs who a workflow is, and AWS believes it for an hour: no key of AWS is stored at GitHub.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

# It brings releases and starts nights. It has no right to a table and none to what is made here: `terraform apply` is done by a person. But
# what it brings runs as the night, which may read everything. So who may approve a deployment to that environment of GitHub is trusted
# with the data: give the environment required reviewers and a list of branches.
resource "aws_iam_role" "ci" {
  name        = "${local.prefix}-ci"
  description = "Workflows of ${var.github_repository} in the environment ${var.environment}."
  assume_role_policy = templatefile("${path.module}/policies/trust_ci.json.tftpl", {
    provider    = aws_iam_openid_connect_provider.github.arn
    repository  = var.github_repository
    environment = var.environment
  })
}

resource "aws_iam_role_policy" "ci" {
  name   = "ci"
  role   = aws_iam_role.ci.id
  policy = templatefile("${path.module}/policies/ci.json.tftpl", local.policy_values)
}
