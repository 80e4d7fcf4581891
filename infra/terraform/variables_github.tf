variable "github_repository" {
  description = "OWNER/NAME of the repository whose workflows may bring releases here."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github_repository))
    error_message = "OWNER/NAME, without a *: it would let in other repositories."
  }
}
