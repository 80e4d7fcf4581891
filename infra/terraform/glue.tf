# A database for each layer, so that a query names tables as the lake does: <prefix>_silver.orders. The vault has none: names and addresses
# are not for SQL.
locals {
  layers = toset([for name, _ in var.tables : split(".", name)[0]])

  databases = { for layer in local.layers : layer => replace("${local.prefix}_${layer}", "-", "_") }

  catalog = "arn:${local.partition}:glue:${var.region}:${local.account}"

  table_arns = {
    for name, _ in var.tables : name => "${local.catalog}:table/${local.databases[split(".", name)[0]]}/${split(".", name)[1]}"
  }
}

resource "aws_glue_catalog_database" "this" {
  for_each = local.databases

  name         = each.value
  description  = "Layer ${each.key} of the lake."
  location_uri = "${local.roots.lake}/${each.key}"
}

# The provider `delta` is what Athena (engine 3) and Spark look for; both read columns and files from the table's own log below `path`. The
# columns here are for people who look at the catalog, and for views, which ask the catalog.
resource "aws_glue_catalog_table" "this" {
  for_each = var.tables

  database_name = aws_glue_catalog_database.this[split(".", each.key)[0]].name
  name          = split(".", each.key)[1]
  description   = each.value.comment
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    EXTERNAL                     = "TRUE"
    classification               = "delta"
    "spark.sql.sources.provider" = "delta"
  }

  storage_descriptor {
    location      = "${local.roots.lake}/${replace(each.key, ".", "/")}"
    input_format  = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"

      parameters = {
        "serialization.format" = "1"
        path                   = "${local.roots.lake}/${replace(each.key, ".", "/")}"
      }
    }

    dynamic "columns" {
      for_each = each.value.columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}
