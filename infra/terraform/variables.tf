variable "name" {
  description = "First part of the names of all that is made here."
  type        = string
  default     = "lakehouse"
}

variable "environment" {
  description = "Second part of the names, and the file conf/<environment>.yaml that the night reads."
  type        = string
}

variable "region" {
  description = "Where everything is. Personal data does not leave it."
  type        = string
  default     = "eu-central-1"
}

variable "shops" {
  description = "Codes of the shops in the settings. Each gets a secret for its database's password."
  type        = list(string)
  default     = ["nl"]

  validation {
    condition     = alltrue([for code in var.shops : can(regex("^[a-z_][a-z0-9_]*$", code))])
    error_message = "A shop's code has lower-case letters, digits and _, and no digit first, as in the settings."
  }
}

variable "databases" {
  description = "Codes of the databases in the settings that are no shops. Each gets a secret for its password."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for code in var.databases : can(regex("^[a-z_][a-z0-9_]*$", code))])
    error_message = "A database's code has lower-case letters, digits and _, and no digit first, as in the settings."
  }
}

variable "tables" {
  description = "All tables that are shown to SQL, by name: tables.auto.tfvars.json, which scripts/terraform_tables.py writes."
  type = map(object({
    comment = string
    columns = list(object({ name = string, type = string, comment = string }))
  }))
}

variable "people" {
  description = "ARNs of the roles or users that may take on the roles `analyst` and `marketing`."
  type        = object({ analyst = list(string), marketing = list(string) })

  validation {
    condition = alltrue([
      for arn in concat(var.people.analyst, var.people.marketing) : startswith(arn, "arn:") && !strcontains(arn, "*")
    ])
    error_message = "People are named by whole ARNs; a * would let in everybody."
  }

  validation {
    condition     = length(var.people.analyst) > 0 && length(var.people.marketing) > 0
    error_message = "Each of the two roles needs somebody who may take it on."
  }
}

variable "alert_emails" {
  description = "Who hears of failed and missing nights and of the budget. Each address has to confirm once."
  type        = list(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Cost of the account in a month, in US dollars, of which mails tell."
  type        = number
  default     = 500
}
