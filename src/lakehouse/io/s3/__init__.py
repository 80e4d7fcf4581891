"""Objects of buckets, one at a time: the door to boto3."""
