# A made-up environment for the tests. Two tables are enough: tests/infra of the project looks at all of them.
environment       = "prod"
github_repository = "example/lakehouse"
tracking_uri      = "https://mlflow.example.internal"
database_cidrs    = ["10.20.0.0/24"]
alert_emails      = ["night@example.com"]

people = {
  analyst   = ["arn:aws:iam::111122223333:role/people/analyst"]
  marketing = ["arn:aws:iam::111122223333:role/people/marketing"]
}

tables = {
  "bronze.woo__orders" = {
    comment = "One row is one order."
    columns = [{ name = "order_id", type = "bigint", comment = "its number" }]
  }
  "gold.daily_sales" = {
    comment = "One row is one day."
    columns = [{ name = "sales_date", type = "date", comment = "the day" }]
  }
  "silver.orders" = {
    comment = "One row is one order."
    columns = [{ name = "total_amount", type = "decimal(26,8)", comment = "what was paid" }]
  }
  "recommendations.customer_products" = {
    comment = "One row is one place of a list."
    columns = [{ name = "customer_key", type = "string", comment = "whose list it is" }]
  }
}
