variable "personal_noncurrent_days" {
  description = "Days after which deleted or replaced objects with names and addresses are gone for good. An erasure is complete only then."
  type        = number
  default     = 7

  # Weekly maintenance takes up to 14 days to delete the files of an older version of a table.
  validation {
    condition     = var.personal_noncurrent_days >= 1 && var.personal_noncurrent_days <= 14
    error_message = "From 1 to 14 days: an erasure has to be complete within a month, of which maintenance takes 14 days."
  }
}

variable "noncurrent_days" {
  description = "The same of all other objects, in which people are pseudonyms: so long a bucket can be put back to an earlier day."
  type        = number
  default     = 30
}

variable "export_days" {
  description = "Days after which a campaign pack is deleted. It holds addresses, and who was written to can be built again."
  type        = number
  default     = 30
}

variable "drop_days" {
  description = "Days after which a sender's file is deleted from the drop bucket. What was loaded has a copy in the vault."
  type        = number
  default     = 30
}

variable "query_result_days" {
  description = "Days after which results of Athena are deleted."
  type        = number
  default     = 7
}

variable "log_days" {
  description = "Days that logs are kept; one of the numbers that CloudWatch knows. The ledger `ops.runs` keeps 400 days too."
  type        = number
  default     = 400
}
