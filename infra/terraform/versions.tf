# 1.11: the state's lock is an object beside it, so no lock table is needed; tests mock the provider.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region are given at `terraform init -backend-config=state.hcl`: they differ by environment.
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = var.name
      environment = var.environment
    }
  }
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}
