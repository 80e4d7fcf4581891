locals {
  # What jobs call beside S3. Glue and Athena are called by people, from outside.
  interfaces = toset(["secretsmanager", "kms", "logs", "monitoring", "sts"])
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  policy            = templatefile("${path.module}/policies/endpoint.json.tftpl", { account = local.account })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interfaces

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = templatefile("${path.module}/policies/endpoint.json.tftpl", { account = local.account })
}
