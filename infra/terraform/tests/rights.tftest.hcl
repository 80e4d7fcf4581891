mock_provider "aws" {
  source = "./tests/mocks"
}

run "no_role_has_a_wildcard" {
  assert {
    condition = alltrue(flatten([
      for policy in concat(
        [for policy in aws_iam_policy.job : policy.policy],
        [for policy in aws_iam_role_policy.person : policy.policy],
        [aws_iam_role_policy.ci.policy, aws_iam_role_policy.scheduler.policy, aws_iam_role_policy.flow_log.policy],
        ) : [
        for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
      ]
    ]))
    error_message = "an action has a wildcard"
  }

  # Only as the last part, for what has no name yet: objects below a prefix, streams of a log group, runs of the application.
  assert {
    condition = alltrue(flatten([
      for policy in concat(
        [for policy in aws_iam_policy.job : policy.policy],
        [for policy in aws_iam_role_policy.person : policy.policy],
        [aws_iam_role_policy.ci.policy, aws_iam_role_policy.scheduler.policy, aws_iam_role_policy.flow_log.policy],
        ) : [
        for statement in jsondecode(policy).Statement : [
          for resource in flatten([statement.Resource]) : can(regex("^arn:aws:[^*]+[^:*/][:/]\\*$|^[^*]+$", resource))
        ]
      ]
    ]))
    error_message = "a resource has a wildcard that is not its last part"
  }
}

run "the_night_has_the_policies_of_all_stages_and_train_only_its_own" {
  assert {
    condition     = aws_iam_role_policy_attachment.job["night/ingest"].role == "lakehouse-prod-night"
    error_message = "the night's role has another name"
  }

  assert {
    condition     = length([for key, _ in aws_iam_role_policy_attachment.job : key if startswith(key, "night/")]) == 6
    error_message = "the night lacks the policy of a stage"
  }

  assert {
    condition     = [for key, _ in aws_iam_role_policy_attachment.job : key if startswith(key, "train/")] == ["train/job", "train/train"]
    error_message = "train has more than its own policy"
  }
}

run "only_one_repository_in_one_environment_may_be_ci" {
  assert {
    condition = one(jsondecode(aws_iam_role.ci.assume_role_policy).Statement).Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = "repo:example/lakehouse:environment:prod"
    }
    error_message = "another repository could be CI"
  }
}

run "a_repository_whose_tokens_have_ids_may_be_ci" {
  variables {
    github_repository = "example@123456/lakehouse@456789"
  }

  assert {
    condition = (
      one(jsondecode(aws_iam_role.ci.assume_role_policy).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] ==
      "repo:example@123456/lakehouse@456789:environment:prod"
    )
    error_message = "a repository with ids in its tokens could not be CI"
  }
}

run "half_of_the_ids_is_refused" {
  command = plan

  variables {
    github_repository = "example@123456/lakehouse"
  }

  expect_failures = [var.github_repository]
}

run "a_star_among_people_is_refused" {
  command = plan

  variables {
    people = { analyst = ["arn:aws:iam::111122223333:role/*"], marketing = ["arn:aws:iam::111122223333:role/marketing"] }
  }

  expect_failures = [var.people]
}

run "secrets_have_names_and_no_values" {
  assert {
    condition     = toset(output.secrets) == toset(["lakehouse-prod/pseudonym-key", "lakehouse-prod/shop-nl-password"])
    error_message = "secrets have other names than the job asks for"
  }
}
