resource "aws_security_group" "jobs" {
  #checkov:skip=CKV2_AWS_5:It is attached to the application (emr.tf), which the check does not know.
  name        = "${local.prefix}-jobs"
  description = "Driver and executors of the night."
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group" "endpoints" {
  name        = "${local.prefix}-endpoints"
  description = "Endpoints of the services of AWS."
  vpc_id      = aws_vpc.this.id
}

# Driver and executors talk to each other on ports that Spark chooses.
resource "aws_vpc_security_group_ingress_rule" "workers" {
  #checkov:skip=CKV_AWS_25:From the same group alone; the check sees the ports and not from whom.
  security_group_id            = aws_security_group.jobs.id
  description                  = "Workers to workers."
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "workers" {
  security_group_id            = aws_security_group.jobs.id
  description                  = "Workers to workers."
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 1024
  to_port                      = 65535
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  security_group_id            = aws_security_group.jobs.id
  description                  = "Services of AWS."
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.jobs.id
  description       = "S3, by its gateway."
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  # MySQL's and MariaDB's port, and PostgreSQL's.
  for_each = { for pair in setproduct(var.database_cidrs, [3306, 5432]) : join(" ", pair) => pair }

  security_group_id = aws_security_group.jobs.id
  description       = "Replicas of the shops, and other databases."
  cidr_ipv4         = each.value[0]
  ip_protocol       = "tcp"
  from_port         = each.value[1]
  to_port           = each.value[1]
}

resource "aws_vpc_security_group_egress_rule" "tracking" {
  for_each = toset(var.tracking_cidrs)

  security_group_id = aws_security_group.jobs.id
  description       = "MLflow."
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.tracking_port
  to_port           = var.tracking_port
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "Jobs."
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
