resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.prefix }
}

# Nobody uses the default group; it lets nothing through.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

# Private, and without NAT: what a job may talk to are the endpoints, the replicas and MLflow. Data can't leave by another way.
resource "aws_subnet" "private" {
  for_each = { for number, zone in var.availability_zones : zone => number }

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, each.value)

  tags = { Name = "${local.prefix}-${each.key}" }
}

# The route to the replicas' network (peering, transit gateway, VPN) is added to this table by whoever owns that network.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = local.prefix }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# What was refused: an attempt to reach another place shows here.
resource "aws_flow_log" "refused" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.network.arn
  iam_role_arn    = aws_iam_role.flow_log.arn
}

resource "aws_cloudwatch_log_group" "network" {
  name              = "/${var.name}/${var.environment}/network"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.operations.arn
}
