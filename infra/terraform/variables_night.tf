variable "release" {
  description = "Version of the project whose files are below releases/<version>/ of the bucket `artifacts`."
  type        = string
  default     = "0.1.0"
}

variable "emr_release" {
  description = "Release of EMR Serverless. The project needs Spark 4.0 or 4.1."
  type        = string
  default     = "emr-spark-8.0.0"
}

variable "night_schedule" {
  description = "When the night starts. After midnight UTC, since without --run-date the run date is today in UTC."
  type        = string
  default     = "cron(30 2 * * ? *)"
}

variable "night_schedule_state" {
  description = "ENABLED, or DISABLED until the first night was started by hand and ended well."
  type        = string
  default     = "DISABLED"
}

variable "night_timeout_minutes" {
  description = "A night that takes longer is ended. What it wrote is not published."
  type        = number
  default     = 240
}

variable "freshness_hours" {
  description = "No night for so many hours is an alarm; `lakehouse status` says the same after 30 hours."
  type        = number
  default     = 30

  # CloudWatch takes no alarm that looks back more than seven days, and says so only when it is made.
  validation {
    condition     = var.freshness_hours >= 1 && var.freshness_hours <= 168 && floor(var.freshness_hours) == var.freshness_hours
    error_message = "Whole hours from 1 to 168: an alarm looks back seven days at most."
  }
}

variable "tracking_uri" {
  description = "MLflow's tracking server. It is not made here."
  type        = string
}

variable "max_capacity" {
  description = "What all workers together may take at once. It bounds the cost of an hour."
  type        = object({ cpu = string, memory = string, disk = string })
  default     = { cpu = "32 vCPU", memory = "128 GB", disk = "400 GB" }
}

variable "idle_minutes" {
  description = "Minutes after which an application without a job stops and costs nothing."
  type        = number
  default     = 5
}

variable "bytes_scanned_limit" {
  description = "Bytes after which Athena ends a query. 100 GiB cost about half a dollar."
  type        = number
  default     = 107374182400
}
