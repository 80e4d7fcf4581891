variable "github_repository" {
  description = "OWNER/NAME of the repository whose workflows may bring releases here; OWNER@ID/NAME@ID where GitHub's tokens say it so."
  type        = string

  # GitHub puts the ids into the tokens of repositories that were made or renamed since July 15, 2026, and of those that asked for it.
  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(@[0-9]+/[A-Za-z0-9_.-]+@[0-9]+|/[A-Za-z0-9_.-]+)$", var.github_repository))
    error_message = "OWNER/NAME or OWNER@ID/NAME@ID, without a *: it would let in other repositories."
  }
}
