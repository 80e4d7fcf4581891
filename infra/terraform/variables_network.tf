variable "vpc_cidr" {
  description = "Addresses of the network. Must not overlap with the network of the shops' databases."
  type        = string
  default     = "10.60.0.0/16"
}

variable "availability_zones" {
  description = "Zones of the subnets, two at least: EMR Serverless takes another one where a zone is full."
  type        = list(string)
  default     = ["eu-central-1a", "eu-central-1b"]
}

variable "database_cidrs" {
  description = "Addresses of the shops' replicas and of other databases. Jobs may reach their ports 3306 and 5432."
  type        = list(string)
}

variable "tracking_cidrs" {
  description = "Addresses of MLflow's tracking server. Jobs may reach its port `tracking_port`."
  type        = list(string)
  default     = []
}

variable "tracking_port" {
  description = "Port of MLflow's tracking server."
  type        = number
  default     = 443
}
